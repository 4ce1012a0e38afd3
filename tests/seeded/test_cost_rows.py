"""Each seeded bug of cost_rows.py is found, and reduced to the scenario there.

Cells are played in order until the code shows; then, for each seed, drawn scenarios, where the cells stand in for a
seed that does not meet it. Whatever shows it first is reduced to the very same minimum; what the handler is built on
holds there. The ordinary run plays 4 drawn ones and one fault, the deep one 100 and the faults as declared.
"""

from __future__ import annotations

import json

import pytest
from cost_rows import FORMULA, OTHERS, PROVENANCE, ROWS
from forked import ForkedWorker
from played import DRAWN_MAX, ROOT, Played

from llminv.audit.search import reproducible, search
from llminv.audit.worker import SCENARIO_LIMIT_S
from llminv.declaration.prices import PriceBook
from llminv.scenario import Scenario

HANDLERS = ROOT / "tests/seeded/costs"
TIER = {"above": 1_000, "input": "0.001", "output": "0.001", "cached_input": "0.001"}


class Priced(Played):
    """Like `Played`; a row can have a tier declared for openai's model."""

    def __init__(self, handler, invariant, *, tiered=False, **fields):
        super().__init__(HANDLERS / f"{handler}.py:Handler", invariant)
        book = self.promise.prices.model_dump(mode="json", exclude_none=True)
        book["models"]["openai"]["gpt-4o-mini"][0]["tiers"] = [TIER] if tiered else []
        self.promise = self.promise.model_copy(
            update={
                "prices": PriceBook.model_validate(book),
                "invariant": self.promise.invariant.model_copy(update=fields),
            }
        )
        spec = str(HANDLERS / f"{handler}.py:Handler")
        self._worker = ForkedWorker(self.promise.setting(), spec, SCENARIO_LIMIT_S)

    def drawn(self, number, drawn_max=DRAWN_MAX):
        """What is drawn for a seed, up to `drawn_max`."""
        strategy = self.kind.strategy(self.promise, self.operations)
        with reproducible():
            return search(strategy, lambda _: (), seed_=number, max_examples=drawn_max, known=()).drawn


def minima(played, code, seeds, drawn_max=DRAWN_MAX):
    """The minima of what shows the bug first, among the cells and for each seed; None where nothing does."""
    cell = played.first(code, played.cells())
    firsts = [cell, *(played.first(code, played.drawn(number, drawn_max)) or cell for number in seeds)]
    return [first and played.minimum(code, first).text for first in firsts]


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced_to_the_minimum(bug):
    row = ROWS[bug]
    fields = {"failures": ("http_429",)} if row.invariant == PROVENANCE else {}
    with Priced(row.handler, row.invariant, tiered=row.tiered, **fields) as played:
        assert minima(played, row.code, range(3), drawn_max=4) == [row.minimal] * 4


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    row = ROWS[bug]
    with Priced(row.handler, row.invariant, tiered=row.tiered) as played:
        assert minima(played, row.code, range(20)) == [row.minimal] * 21


@pytest.mark.parametrize(
    ("right", "invariant", "tiered"),
    [("formula", FORMULA, False), ("formula", FORMULA, True), ("replies", PROVENANCE, False)],
)
def test_what_the_handlers_are_built_on_holds_there(right, invariant, tiered):
    rows = [row for row in ROWS.values() if (row.invariant, row.tiered) == (invariant, tiered)]
    scenarios = [Scenario.from_json(json.loads(row.minimal)) for row in rows]
    with Priced(right, invariant, tiered=tiered) as played:
        assert {code for scenario in scenarios for code in played.codes(scenario)} == set()


def test_at_most_one_bug_in_four_goes_without_a_handler():
    assert not ROWS.keys() & OTHERS.keys()
    assert len(OTHERS) * 4 <= len(ROWS.keys() | OTHERS.keys())


def test_every_handler_is_in_the_table_is_short_and_cites_its_thread():
    files = {path.stem: path.read_text() for path in HANDLERS.glob("*.py")}
    bugs = {row.handler: bug for bug, row in ROWS.items()}
    assert files.keys() == bugs.keys() | {"formula", "replies"}
    for name, bug in bugs.items():
        assert f"Public bug: {bug}, " in files[name]
        assert "https://github.com/" in files[name]
        assert len(files[name].splitlines()) < 42, name
