"""Each seeded bug of token_rows.py is found, and reduced to the scenario there.

Cells are played until the code shows; then, for each seed, drawn scenarios, where the cells stand in for a seed
that does not meet it. All are reduced to the very same minimum, of which nothing can go; the example handler, on
which all are built, holds there. In the ordinary run the cells are those that look like the minimum.
"""

from __future__ import annotations

from functools import cache

import pytest
from local import LocalWorker
from played import ROOT, Played, shipped
from token_rows import OTHERS, ROWS

from llminv.audit.search import reproducible, search
from llminv.kinds import KINDS

HANDLERS = ROOT / "tests/seeded/tokens"
EXAMPLE = ROOT / "examples/byok/handler.py"
D_ROWS = {f"D{number}" for number in (1, 2, 4, 5, 7, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 24, 25, 26, 27)}


class InProcess(Played):
    """Plays in this process: these handlers keep nothing, and none of them ends it."""

    def __init__(self, file, invariant):
        super().__init__(file, invariant)
        self._worker = LocalWorker(self.promise.setting(), f"{file}:Handler")

    def near(self, minimal):
        """The cells that look like `minimal`: its provider and model, one count or more, texts or messages, long or not."""
        return (scenario for scenario in self.cells() if look_of(scenario) == look_of(minimal))


def look_of(scenario):
    first = scenario.calls[0]
    return len(scenario.calls) > 1, first.provider, first.model, first.text is None, first.times > 100


@cache
def drawn(invariant, number, examples_max):
    """What is drawn for a seed, the short ones first: the same for every handler."""
    promise = shipped()[invariant]
    strategy = KINDS[promise.invariant.kind].strategy(promise, ("count_tokens",))
    with reproducible():
        found = search(strategy, lambda _: (), seed_=number, max_examples=examples_max, known=()).drawn
    return sorted(found, key=lambda scenario: len(scenario.text))


def minima(played, row, cells, seeds):
    """The minima of what shows the bug first, among the cells and for each seed; None where nothing does."""
    cell = played.first(row.code, cells)
    firsts = [cell, *(played.first(row.code, scenarios) or cell for scenarios in seeds)]
    reduced = {first.text: played.minimum(row.code, first).text for first in firsts if first}
    return [first and reduced[first.text] for first in firsts]


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced_to_the_minimum(bug):
    row = ROWS[bug]
    with InProcess(HANDLERS / f"{row.handler}.py", row.invariant) as played:
        seeds = [drawn(row.invariant, number, 5) for number in range(3)]
        assert minima(played, row, played.near(row.scenario), seeds) == [row.scenario.text] * 4


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    row = ROWS[bug]
    with InProcess(HANDLERS / f"{row.handler}.py", row.invariant) as played:
        seeds = [drawn(row.invariant, number, 100) for number in range(20)]
        assert minima(played, row, played.cells(), seeds) == [row.scenario.text] * 21


@pytest.mark.parametrize("invariant", sorted({row.invariant for row in ROWS.values()}))
def test_what_the_handlers_are_built_on_holds_there(invariant):
    scenarios = [row.scenario for row in ROWS.values() if row.invariant == invariant]
    with InProcess(EXAMPLE, invariant) as played:
        assert {code for scenario in scenarios for code in played.codes(scenario)} == set()


def test_every_bug_of_the_class_has_a_row_and_at_most_one_in_four_goes_without_a_handler():
    assert ROWS.keys() | OTHERS.keys() == D_ROWS
    assert not ROWS.keys() & OTHERS.keys()
    assert len(OTHERS) * 4 <= len(D_ROWS)


def test_every_handler_is_in_the_table_is_short_and_cites_its_thread():
    files = {path.stem: path.read_text() for path in HANDLERS.glob("*.py")}
    assert {row.handler: bug for bug, row in ROWS.items()}.keys() == files.keys()
    for bug, row in ROWS.items():
        assert f"Public bug: {bug}, " in files[row.handler]
        assert "https://github.com/" in files[row.handler]
        assert len(files[row.handler].splitlines()) < 42
