"""Hypothesis driven as a library: one finding a round, the same draws for the same seed everywhere.

The property that Hypothesis sees does nothing but play and compare codes; handlers run in a worker
process. Why each setting is named, and what else was tried, stands in ARCHITECTURE.md.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.configuration
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import FlakyFailure, HypothesisWarning, InvalidArgument, Unsatisfiable
from hypothesis.internal.conjecture import providers

from llminv.scenario import Scenario

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# In hypothesis.internal: whether a loaded module's constants are to be mixed into what is drawn.
_SWITCH = "is_local_module_file"

# Returns the finding codes that a scenario shows.
Judge = Callable[[Scenario], Collection[str]]


class _Violated(Exception):
    """The only exception that means a finding: whatever else leaves Hypothesis is somebody's crash."""


class NothingToDraw(Exception):
    """The strategy generates nothing: the declaration leaves no scenario."""


class Flaky(Exception):
    """A scenario failed and then passed."""


class _Stop(BaseException):
    """Leaves Hypothesis at once: an `Exception` of the judge would be taken for a failure, and shrunk."""


@dataclass(frozen=True)
class Found:
    """The finding code of a round, and the smallest scenario that Hypothesis reached."""

    code: str
    scenario: Scenario


@dataclass(frozen=True)
class Round:
    """What one search came to.

    `drawn` are the distinct scenarios until the finding, without those of shrinking; `drawn_all` says
    that there were no more to draw.
    """

    found: Found | None
    drawn: tuple[Scenario, ...]
    drawn_all: bool


def search(
    strategy: SearchStrategy[Scenario], judge: Judge, *, seed_: int, max_examples: int, known: Collection[str]
) -> Round:
    """Draw up to `max_examples` scenarios, until the first finding that is not `known`, and shrink that.

    An exception of the judge ends the search: it is raised again here, unless there is a finding already,
    which then comes back as far as it was shrunk.
    """
    target: str | None = None
    best: Scenario | None = None
    trouble: Exception | None = None
    calls = 0
    drawn: dict[str, Scenario] = {}

    def play(scenario: Scenario) -> None:
        nonlocal target, best, trouble, calls
        if target is None:
            calls += 1
            drawn.setdefault(scenario.text, scenario)
        try:
            codes = [code for code in judge(scenario) if code not in known]
        except Exception as error:
            trouble = error
            raise _Stop from None
        if target is None and codes:
            target = codes[0]  # pinned, so that shrinking cannot slip to another finding
        if target is not None and target in codes:
            best = scenario
            raise _Violated

    # Every field is named: whatever is left out is inherited from a profile, and CI has its own.
    run = settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=False,
        backend="hypothesis",
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=tuple(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )(given(scenario=strategy)(play))
    try:
        seed(seed_)(run)()
    except _Violated:
        pass
    except _Stop:
        if trouble is not None and best is None:
            raise trouble from None
    except FlakyFailure:
        raise Flaky("not deterministic: a scenario that failed did not fail again") from None
    except (Unsatisfiable, InvalidArgument) as error:
        raise NothingToDraw(f"nothing to draw: {error}") from None
    found = None if target is None or best is None else Found(target, best)
    return Round(found, tuple(drawn.values()), drawn_all=found is None and calls < max_examples)


@contextmanager
def reproducible() -> Iterator[None]:
    """Keep Hypothesis from writing into the working folder, and from letting loaded modules steer draws.

    Hypothesis mixes constants of every local module that is imported into what it draws, so that one
    seed would draw differently from a checkout than from a wheel. The switch is private; a test
    notices when it goes. Its warning of a scenario that is long to write down is not for our users.
    """
    with tempfile.TemporaryDirectory(prefix="llminv-") as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Generating overly large repr", HypothesisWarning)
        hypothesis.configuration.set_hypothesis_home_dir(Path(folder))
        is_local = getattr(providers, _SWITCH)
        setattr(providers, _SWITCH, lambda _: False)
        try:
            yield
        finally:
            setattr(providers, _SWITCH, is_local)
            hypothesis.configuration.set_hypothesis_home_dir(None)
