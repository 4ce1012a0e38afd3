"""Hypothesis driven as a library: one finding a round, the same draws for the same seed everywhere.

The property that Hypothesis sees does nothing but play and compare codes; handlers run in a worker
process. Why each setting is named, and what else was tried, stands in ARCHITECTURE.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.configuration
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import FlakyFailure, InvalidArgument, Unsatisfiable
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


@dataclass(frozen=True)
class Found:
    """The finding code of a round, and the smallest scenario that Hypothesis reached."""

    code: str
    scenario: Scenario


def search(
    strategy: SearchStrategy[Scenario], judge: Judge, *, seed_: int, max_examples: int, known: Collection[str]
) -> Found | None:
    """Draw up to `max_examples` scenarios; return the first finding that is not `known`, shrunk, or None."""
    target: str | None = None
    best: Scenario | None = None

    def play(scenario: Scenario) -> None:
        nonlocal target, best
        codes = [code for code in judge(scenario) if code not in known]
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
        if target is None or best is None:  # it was raised with both set
            raise AssertionError from None
        return Found(target, best)
    except FlakyFailure:
        raise Flaky from None
    except (Unsatisfiable, InvalidArgument) as error:
        raise NothingToDraw(str(error)) from None
    return None


@contextmanager
def reproducible() -> Iterator[None]:
    """Keep Hypothesis from writing into the working folder and from letting loaded modules steer draws.

    Hypothesis mixes constants of every local module that is imported into what it draws, so that one
    seed would draw differently from a checkout than from a wheel. The switch is private; a test
    notices when it goes.
    """
    with tempfile.TemporaryDirectory(prefix="llminv-") as folder:
        hypothesis.configuration.set_hypothesis_home_dir(Path(folder))
        is_local = getattr(providers, _SWITCH)
        setattr(providers, _SWITCH, lambda _: False)
        try:
            yield
        finally:
            setattr(providers, _SWITCH, is_local)
            hypothesis.configuration.set_hypothesis_home_dir(None)
