"""Five broken copies of the example handler: each is found, and its minimal scenario is pinned exactly.

As shipped, with all phases; and for each of 20 seeds (3 in the ordinary run) with what Hypothesis draws alone.
The example itself holds. Scenarios of all tests of a copy are played by one worker, and replayed by a second one.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from searching import Workers

from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.verdict import Status, Verdict

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "examples/byok/handler.py:Handler")
PROMISES = {
    promise.invariant.kind: promise
    for promise in load(
        [ROOT / "invariants"], {name: kind.model for name, kind in KINDS.items()}, tuple(DIALECTS)
    ).promises
}
SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(3, 20))]
# Each copy shows its bug in at least one scenario of five: a seed that does not meet it in so many is news.
DRAWS_MAX = 40
ALL = ("openai", "anthropic", "deepseek", "gemini")


def limited(*providers):
    """The scenario in which each of `providers` answers with 429 for good."""
    return Scenario((Call("acomplete"),), tuple(Script(0, name, then=Act("http_429")) for name in providers))


# copy -> the kind that is aimed at, the finding code, the minimal scenario
COPIES = {
    "rate_limit_not_caught": ("fallback_order", "chain_stopped", limited("openai")),
    "openai_anthropic_swapped": ("fallback_order", "out_of_order", limited()),
    "stops_after_second": ("fallback_order", "chain_stopped", limited("openai", "anthropic")),
    "apology_on_exhaustion": ("exhaustion", "failure_as_content", limited(*ALL)),
    "openai_key_to_anthropic": ("key_isolation", "key_leaked", limited("openai")),
}


@pytest.fixture(scope="module")
def workers():
    with contextlib.ExitStack() as exits:
        yield Workers(exits, held=(EXAMPLE,))


def audit(workers, spec, kinds, **options):
    return workers.audit(spec, [PROMISES[kind] for kind in kinds], **options)


def spec_of(copy):
    return str(ROOT / "tests/seeded/broken" / f"{copy}.py:Handler")


def test_every_copy_is_listed():
    assert {path.stem for path in (ROOT / "tests/seeded/broken").glob("*.py")} == COPIES.keys()


def findings(result):
    return [(bug.finding.code, bug.scenario, bug.replayed) for bug in result.counterexamples]


@pytest.mark.parametrize("copy", COPIES)
def test_a_broken_copy_as_shipped(copy, workers):
    kind, code, minimal = COPIES[copy]
    (result,) = audit(workers, spec_of(copy), [kind], seed=0, max_examples=5)
    assert result.verdict == Verdict(Status.VIOLATED)
    assert findings(result) == [(code, minimal, True)]
    assert result.cells > 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("copy", COPIES)
def test_a_broken_copy_from_what_is_drawn(copy, seed, workers):
    kind, code, minimal = COPIES[copy]
    (result,) = audit(workers, spec_of(copy), [kind], seed=seed, drawn_only=True, max_examples=DRAWS_MAX)
    assert result.verdict == Verdict(Status.VIOLATED)
    assert findings(result) == [(code, minimal, True)]
    assert (result.counterexamples[0].origin, result.cells) == ("drawn", 0)


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in COPIES.values()}))
def test_the_example_holds_what_its_copies_break(kind, workers):
    (result,) = audit(workers, EXAMPLE, [kind], seed=0, max_examples=5)
    assert result.verdict == Verdict(Status.HELD)
    assert (result.counterexamples, result.missing) == ((), ())
