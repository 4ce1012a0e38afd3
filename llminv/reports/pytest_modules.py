"""The invariants as test modules: Hypothesis tests for people to read, own and change.

A pure function of the declarations, the ledger and what the handler offers. The modules drive the handler
through `llminv.testing` and use nothing else of llminv but the type of a scenario.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from llminv.evidence.version import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from llminv.declaration.promise import Promise
    from llminv.evidence.bug import Bug
    from llminv.evidence.verified import Standing

# Which kinds stand in which module; what no row names stands in the first.
MODULES: Mapping[str, tuple[str, frozenset[str]]] = {
    "test_llm_invariants.py": ("Routing, retries and time", frozenset()),
    "test_streaming_invariants.py": (
        "Streams",
        frozenset(
            {
                "stream_completion",
                "stream_framing",
                "stream_finish",
                "tool_calls",
                "incremental",
                "cancellation",
            }
        ),
    ),
    "test_token_counting_invariants.py": (
        "Tokens and cost",
        frozenset({"token_accuracy", "token_totality", "cost_formula", "cost_additivity", "cost_provenance"}),
    ),
}
WIDTH = 88
# What every module begins with: who wrote it, so that writing it anew overwrites nothing else.
WRITTEN_BY = "Written by `llminv export pytest`"

_HEAD = '''\
"""{title}: declared invariants as Hypothesis tests.

{written_by}; after a change of the declarations, write it anew.{left_out}
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from llminv.scenario import Scenario
from llminv.testing import Audited

# The handler, and the folder of the declarations.
AUDITED = Audited({handler}, {invariants})
# A scenario takes as long as the handler does, and the seed is always the same.
EVERY = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", autouse=True)
def _handler() -> Iterator[None]:
    with AUDITED:
        yield
'''
_TEST = '''

class Test{name}:
    """{docstring}
    """

    invariant = {invariant}

    def test_what_is_always_played(self) -> None:
        for scenario in AUDITED.fixed(self.invariant):
            assert AUDITED.broken(self.invariant, scenario) == [], scenario.text
        assert AUDITED.never_exercised(self.invariant) == []

    @settings(EVERY, max_examples={max_examples})
    @given(scenario=AUDITED.drawn({invariant}))
    def test_what_is_drawn(self, scenario: Scenario) -> None:
        assert AUDITED.broken(self.invariant, scenario) == []
'''


def pytest_modules(
    promises: Sequence[Promise],
    not_offered: Iterable[str],
    bugs: Sequence[Bug],
    standings: Mapping[str, Standing],
    handler: str,
    invariants: str,
) -> dict[str, str]:
    """Return the modules by file name; those `not_offered` (ids) are named at the top of theirs."""
    written = {}
    for file, (title, _) in MODULES.items():
        own = [promise for promise in promises if module_of(promise.invariant.kind) == file]
        left_out = [promise.invariant.id for promise in own if promise.invariant.id in set(not_offered)]
        tested = [promise for promise in own if promise.invariant.id not in left_out]
        if tested:
            head = _HEAD.format(
                title=title,
                written_by=WRITTEN_BY,
                left_out=_left_out(left_out),
                handler=_literal(handler),
                invariants=_literal(invariants),
            )
            tests = (_test(promise, bugs, standings) for promise in tested)
            written[file] = head + "".join(tests)
    return written


def module_of(kind: str) -> str:
    """Return the file in which invariants of this kind are tested."""
    first, *_ = MODULES
    return next((file for file, (_, kinds) in MODULES.items() if kind in kinds), first)


def _left_out(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    lines = textwrap.wrap(f"Left out, since the handler does not offer it: {', '.join(ids)}.", WIDTH)
    return "\n\n" + "\n".join(lines)


def _test(promise: Promise, bugs: Sequence[Bug], standings: Mapping[str, Standing]) -> str:
    invariant = promise.invariant
    return _TEST.format(
        name="".join(part.capitalize() for part in invariant.id.replace("_", "-").split("-")),
        docstring="\n\n".join(_paragraphs(promise, bugs, standings)),
        invariant=_literal(invariant.id),
        max_examples=invariant.max_examples,
    )


def _paragraphs(promise: Promise, bugs: Sequence[Bug], standings: Mapping[str, Standing]) -> Iterator[str]:
    yield _wrapped(f"INVARIANT: {promise.invariant.statement}", first="")
    own = [bug for bug in bugs if bug.invariant == promise.invariant.id]
    if not own:
        yield "    VALIDATED_BUG: none recorded."
    for bug in own:
        said = f"VALIDATED_BUG: {bug.id} ({standings[bug.id].status}). Expected: {bug.expected}. "
        yield _wrapped(f"{said}Observed: {bug.observed}.")
        yield _wrapped(f"ROOT CAUSE: {bug.root_cause or 'not recorded'}")
        yield _wrapped(f"FIX: {parse(bug.fixed_in).shown if bug.fixed_in else 'not recorded'}")


def _wrapped(text: str, first: str = "    ") -> str:
    """Return a paragraph of a docstring, which nothing that people wrote can end."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"""', r"\"\"\"")
    lines = textwrap.wrap(plain, WIDTH - 4, break_long_words=True, break_on_hyphens=False)
    return "\n".join(f"{'    ' if number else first}{line}" for number, line in enumerate(lines))


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
