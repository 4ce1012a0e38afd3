"""Each seeded bug of routing_rows.py is found, reduced to the scenario there, and its right neighbour holds.

Cells are played in order until the code shows; then, for each seed, up to 100 drawn scenarios. Whatever shows
it first is reduced, by cells and for each seed alike, to the very same minimum.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from routing_rows import CHAIN, EXAMPLE, MEANING, OTHERS, ROWS, SERVED, TRIGGER

from llminv.audit.reduce import Space, reduce
from llminv.audit.search import reproducible
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.runner import Runner
from llminv.scenario import Act, Call
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
DRAWN_MAX = 100
# A handler that the world stops leaves connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@cache
def shipped():
    models = {name: kind.model for name, kind in KINDS.items()}
    promises = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    return {promise.invariant.id: promise for promise in promises}


def promise_of(row):
    promise = shipped()[row.invariant]
    return promise.model_copy(update={"policy": promise.policy.model_copy(update=dict(row.policy))})


class Played:
    """One handler under the promise of a row; a scenario is played once."""

    def __init__(self, row, spec):
        self._row, self._spec = row, str(ROOT / spec)
        self.promise = promise_of(row)
        self.kind = KINDS[self.promise.invariant.kind]
        self._known = {}

    def __enter__(self):
        self._warned = warnings.catch_warnings(record=True)
        self._warned.__enter__()
        self._runner = Runner(self.promise.setting(), self._spec).__enter__()
        self.operations = [name for name in self.kind.operations if name in self._runner.offers]
        return self

    def __exit__(self, *exit_):
        self._runner.__exit__(*exit_)
        self._warned.__exit__(*exit_)

    def shows(self, scenario):
        return self._row.code in self.codes(scenario)

    def codes(self, scenario):
        if scenario.text not in self._known:
            history = self._runner.play(scenario)
            findings = self.kind.check(self.promise, scenario, history)
            self._known[scenario.text] = {finding.code for finding in findings}
        return self._known[scenario.text]

    def cells(self):
        yield from self.kind.examples(self.promise, self.operations)
        yield from self.kind.cells(self.promise, self.operations)

    def drawn(self, seed_, max_examples=DRAWN_MAX):
        scenarios = []

        def collect(scenario):
            scenarios.append(scenario)

        strategy = self.kind.strategy(self.promise, self.operations)
        run = settings(
            max_examples=max_examples,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=tuple(HealthCheck),
        )(given(scenario=strategy)(collect))
        with reproducible():
            seed(seed_)(run)()
        return scenarios

    def minimum(self, scenario):
        return reduce(
            scenario,
            self.shows,
            Space(self.promise.policy.chain, self.kind.faults(self.promise), self.operations),
        )


def found(row, seeds):
    """Return the minima of the first cell that shows the bug and, for each seed, of the first drawn scenario."""
    with Played(row, f"tests/seeded/{row.handler}.py:Handler") as played:
        cell = next(filter(played.shows, played.cells()), None)
        firsts = [next(filter(played.shows, played.drawn(number)), cell) for number in seeds]
        return [None if first is None else played.minimum(first) for first in (cell or firsts[0], *firsts)]


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced(bug):
    assert {scenario and scenario.text for scenario in found(ROWS[bug], range(3))} == {
        ROWS[bug].scenario.text
    }


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    assert {scenario and scenario.text for scenario in found(ROWS[bug], range(20))} == {
        ROWS[bug].scenario.text
    }


ABOUT_WHAT_IS_SAID = {
    row.invariant: row for row in ROWS.values() if row.invariant in (TRIGGER, MEANING, SERVED)
}


@pytest.mark.parametrize("count", [DRAWN_MAX, pytest.param(1_000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("invariant", ABOUT_WHAT_IS_SAID)
def test_the_example_is_never_accused(invariant, count):
    with Played(ABOUT_WHAT_IS_SAID[invariant], EXAMPLE) as played:
        assert [scenario.text for scenario in played.drawn(0, count) if played.codes(scenario)] == []


def less(scenario):
    """Return the scenario without each of its scripts and of the options of its acts and calls."""
    for index, row in enumerate(scenario.acts):
        rest = (scenario.acts[:index], scenario.acts[index + 1 :])
        yield replace(scenario, acts=(*rest[0], *rest[1]))
        for plainer in (Act(row.then.fault), replace(row.then, fault=None)):
            if plainer != row.then:
                yield replace(scenario, acts=(*rest[0], replace(row, then=plainer), *rest[1]))
    for call in scenario.calls:
        if call != Call(call.operation):
            yield replace(scenario, calls=(Call(call.operation),))


@pytest.mark.parametrize("bug", ROWS)
def test_the_right_neighbour_holds_there_and_the_minimum_is_one(bug):
    row = ROWS[bug]
    with Played(row, row.right) as right:
        assert not right.shows(row.scenario)
    with Played(row, f"tests/seeded/{row.handler}.py:Handler") as played:
        assert played.shows(row.scenario)
        assert [smaller.text for smaller in less(row.scenario) if played.shows(smaller)] == []


def test_every_bug_of_the_class_has_a_row_or_a_reason():
    numbers = (
        1,
        2,
        4,
        5,
        7,
        8,
        10,
        11,
        13,
        14,
        16,
        17,
        19,
        20,
        22,
        23,
        25,
        26,
        28,
        29,
        31,
        32,
        34,
        35,
        37,
        38,
        40,
    )
    assert ROWS.keys() | OTHERS.keys() == {f"A{number}" for number in numbers}
    assert not ROWS.keys() & OTHERS.keys()
    assert len(OTHERS) * 4 <= len(numbers)


def test_every_handler_is_in_the_table_is_short_and_cites_its_thread():
    files = {
        f"routing/{path.stem}": path.read_text() for path in (ROOT / "tests/seeded/routing").glob("*.py")
    }
    used = {row.handler: bug for bug, row in ROWS.items()}
    assert files.keys() == {name for name in used if name.startswith("routing/")}
    for name, text in files.items():
        assert f"Public bug: {used[name]}, " in text
        assert "(https://github.com/" in text
        assert len(text.splitlines()) <= 40 + 1, name


def test_the_chain_is_the_shipped_one():
    assert next(iter(shipped().values())).policy.chain == CHAIN
