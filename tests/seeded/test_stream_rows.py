"""Each seeded bug of stream_rows.py is found, and reduced to the scenario there; all of class C is in a table.

What shows it first, among the cells and for each seed, is reduced to the very same minimum, of which nothing
can go; what the handlers are built on holds there.
"""

from __future__ import annotations

import finish_rows
import pytest
from played import ROOT, Played, less
from stream_rows import BYTES, RIGHT, ROWS, WHOLE

# A handler that fails in the middle leaves its connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# Of each seed; the deep run draws more.
DRAWS = 30
HANDLERS = ROOT / "tests/seeded/streams"
# The rows of class C in the public list of bugs.
CLASS_C = {
    f"C{number}" for number in (1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31)
}


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced_to_the_minimum(bug):
    row = ROWS[bug]
    with Played(HANDLERS / f"{row.handler}.py:Handler", row.invariant) as played:
        assert played.minima(row.code, range(3), DRAWS) == [row.scenario.text] * 4
        assert [one.text for one in less(row.scenario) if row.code in played.codes(one)] == []


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    row = ROWS[bug]
    with Played(HANDLERS / f"{row.handler}.py:Handler", row.invariant) as played:
        assert played.minima(row.code, range(20)) == [row.scenario.text] * 21


@pytest.mark.parametrize("invariant", sorted({row.invariant for row in ROWS.values()}))
def test_what_the_handlers_are_built_on_holds_there(invariant):
    with Played(RIGHT, invariant) as played:
        scenarios = [row.scenario for row in ROWS.values() if row.invariant == invariant]
        assert {code for scenario in scenarios for code in played.codes(scenario)} == set()


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("invariant", [WHOLE, BYTES])
def test_what_the_handlers_are_built_on_is_never_accused(invariant, count):
    with Played(RIGHT, invariant) as played:
        assert [scenario.text for scenario in played.drawn(0, count) if played.codes(scenario)] == []


def test_every_bug_of_class_c_has_a_handler():
    assert not ROWS.keys() & finish_rows.ROWS.keys()
    assert ROWS.keys() | finish_rows.ROWS.keys() == CLASS_C


def test_every_handler_is_in_the_table_is_short_and_cites_its_thread():
    files = {path.stem: path.read_text() for path in HANDLERS.glob("*.py")}
    bugs = {row.handler: bug for bug, row in ROWS.items()}
    assert files.keys() == bugs.keys()
    for name, text in files.items():
        assert f"Public bug: {bugs[name]}, " in text
        assert "https://github.com/" in text
        assert len(text.splitlines()) < 42, name
