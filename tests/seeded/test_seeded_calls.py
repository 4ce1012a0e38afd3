"""Each seeded handler of `calls` is found with three seeds, and its minimal scenario is pinned exactly; `deep` takes 20.

What is played is the cells and what is drawn. In the ordinary run the invariants are narrowed to one fault of a
class; `deep` plays them as declared, and 100 drawn scenarios.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from calls_rows import ROWS, Row
from searching import Workers

from llminv.declaration.load import load
from llminv.declaration.models import Policy
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS
from llminv.verdict import Status

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "tests/seeded/calls"
MODELS = {name: kind.model for name, kind in KINDS.items()}
PROMISES = {
    promise.invariant.id: promise for promise in load([ROOT / "invariants"], MODELS, tuple(DIALECTS)).promises
}
NARROW = ("http_429", "no_answer", "connection_refused", "key_rejected", "error_inside")
SHOWN = {id_: row for id_, row in ROWS.items() if row.handler}
# Not a bug in them.
RIGHT = {
    "every_way": ("every-way-the-same", "concurrent-calls-stay-apart", "no-undeclared-cooldown"),
    "cooling": ("no-undeclared-cooldown", "concurrent-calls-stay-apart"),
}
DRAWN = 100


def promise_of(invariant, policy, failures=None):
    """The declared promise under a policy with other fields, narrowed to some faults."""
    promise = PROMISES[invariant]
    declared = Policy.model_validate({**promise.policy.model_dump(by_alias=True), **policy})
    fields = {} if failures is None else {"failures": failures}
    return promise.model_copy(
        update={"policy": declared, "invariant": promise.invariant.model_copy(update=fields)}
    )


def spec_of(handler):
    return str(CALLS / f"{handler}.py:Handler")


@pytest.fixture(scope="module")
def workers():
    with contextlib.ExitStack() as exits:
        yield Workers(exits, held=tuple(map(spec_of, RIGHT)))


def found(workers, row, seed, failures=None, **options):
    promise = promise_of(row.invariant, row.policy, row.failures or failures)
    (result,) = workers.audit(spec_of(row.handler), [promise], seed=seed, **options)
    return result.verdict.status, [
        (bug.finding.code, bug.scenario.text, bug.replayed) for bug in result.counterexamples
    ]


@pytest.mark.parametrize("id_", SHOWN)
def test_a_seeded_bug_is_found(id_, workers):
    row = SHOWN[id_]
    for seed in range(3):
        answer = found(workers, row, seed, failures=NARROW, max_examples=5)
        assert answer == (Status.VIOLATED, [(row.code, row.minimal, True)])


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("id_", SHOWN)
def test_a_seeded_bug_is_found_as_declared(id_, seed, workers):
    row = SHOWN[id_]
    status, bugs = found(workers, row, seed, max_examples=DRAWN)
    assert status is Status.VIOLATED
    assert (row.code, row.minimal, True) in bugs  # some seeds see more of what the bug does


@pytest.mark.parametrize("handler", RIGHT)
def test_what_the_bugs_were_seeded_in_holds(handler, workers):
    promises = [promise_of(invariant, {}, NARROW[:3]) for invariant in RIGHT[handler]]
    results = workers.audit(spec_of(handler), promises, seed=0, max_examples=10)
    assert [(result.verdict.status, result.verdict.reason) for result in results] == [
        (Status.HELD, "")
    ] * len(promises)


def test_a_cooldown_that_is_kept_holds():
    row = replace(SHOWN["B11"], handler="cooling")
    with contextlib.ExitStack() as exits:  # workers of its own: the policy is another one
        held = Workers(exits, held=(spec_of("cooling"),))
        status, bugs = found(held, row, 0, failures=NARROW, max_examples=10)
    assert (status, bugs) == (Status.HELD, [])


def test_every_handler_has_its_row_and_every_row_its_handler_or_a_reason():
    assert {path.stem for path in CALLS.glob("*.py")} == {
        row.handler for row in SHOWN.values()
    } | RIGHT.keys()
    assert [id_ for id_, row in ROWS.items() if bool(row.handler) == bool(row.reason)] == []
    assert all(row == Row(reason=row.reason) for row in ROWS.values() if row.reason)


@pytest.mark.parametrize("id_", SHOWN)
def test_a_seeded_handler_is_short_and_cites_its_thread(id_):
    text = (CALLS / f"{SHOWN[id_].handler}.py").read_text()
    assert f"Public bug class: {id_}" in text
    assert "https://github.com/" in text.split('"""')[1]
    assert len(text.splitlines()) < 40
