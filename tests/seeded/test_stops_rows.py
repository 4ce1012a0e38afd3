"""Each seeded bug of stops_rows.py is found, and reduced to the scenario there.

Cells are played in order until the code shows; then, for each seed, up to 100 drawn scenarios, where the cells
stand in for a seed that does not meet it. Whatever shows it first is reduced, by cells and for each seed alike,
to the very same minimum, of which nothing can go; what the handlers are built on holds there.
"""

from __future__ import annotations

import pytest
from played import ROOT, Played, less
from stops_rows import RIGHT, ROWS

HANDLERS = ROOT / "tests/seeded/stops"


def minima(played, code, seeds):
    """The minima of what shows the bug first, among the cells and for each seed; None where nothing does."""
    cell = played.first(code, played.cells())
    firsts = [cell, *(played.first(code, played.drawn(number)) or cell for number in seeds)]
    return [first and played.minimum(code, first).text for first in firsts]


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced_to_the_minimum(bug):
    row = ROWS[bug]
    with Played(HANDLERS / f"{row.handler}.py:Handler", row.invariant) as played:
        assert minima(played, row.code, range(3)) == [row.scenario.text] * 4
        assert [one.text for one in less(row.scenario) if row.code in played.codes(one)] == []


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    row = ROWS[bug]
    with Played(HANDLERS / f"{row.handler}.py:Handler", row.invariant) as played:
        assert minima(played, row.code, range(20)) == [row.scenario.text] * 21


@pytest.mark.parametrize("invariant", sorted({row.invariant for row in ROWS.values()}))
def test_what_the_handlers_are_built_on_holds_there(invariant):
    with Played(RIGHT, invariant) as played:
        scenarios = [row.scenario for row in ROWS.values() if row.invariant == invariant]
        assert {code for scenario in scenarios for code in played.codes(scenario)} == set()


def test_every_handler_is_in_the_table_is_short_and_cites_its_thread():
    files = {path.stem: path.read_text() for path in HANDLERS.glob("*.py")}
    bugs = {row.handler: bug for bug, row in ROWS.items()}
    assert files.keys() == bugs.keys()
    for name, text in files.items():
        assert f"Public bug: {bugs[name]}, " in text
        assert "https://github.com/" in text
        assert len(text.splitlines()) < 48, name
