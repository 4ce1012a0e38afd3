"""Each seeded bug of retry_rows.py is found, and reduced to the scenario there.

Cells are played in order until the code shows; then, for each seed, up to 100 drawn scenarios, where the cells
stand in for a seed that does not meet it. Whatever shows it first is reduced, by cells and for each seed alike,
to the very same minimum, of which nothing can go; what the handler is built on holds there.
"""

from __future__ import annotations

import pytest
from played import ROOT, Played, less
from retry_rows import OTHERS, ROWS

# A handler that the world stops leaves connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HANDLERS = ROOT / "tests/seeded/retry"


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced_to_the_minimum(bug):
    row = ROWS[bug]
    with Played(HANDLERS / f"{row.handler}.py:Handler", row.invariant) as played:
        assert played.minima(row.code, range(3)) == [row.scenario.text] * 4
        assert [one.text for one in less(row.scenario) if row.code in played.codes(one)] == []


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    row = ROWS[bug]
    with Played(HANDLERS / f"{row.handler}.py:Handler", row.invariant) as played:
        assert played.minima(row.code, range(20)) == [row.scenario.text] * 21


RIGHT = sorted({(row.right, row.invariant) for row in ROWS.values()})


@pytest.mark.parametrize(("right", "invariant"), RIGHT)
def test_what_the_handlers_are_built_on_holds_there(right, invariant):
    scenarios = [row.scenario for row in ROWS.values() if (row.right, row.invariant) == (right, invariant)]
    with Played(right, invariant) as played:
        played_there = [one for one in scenarios if one.calls[0].operation in played.operations]
        assert {code for scenario in played_there for code in played.codes(scenario)} == set()


def test_at_most_one_bug_in_four_goes_without_a_handler():
    assert not ROWS.keys() & OTHERS.keys()
    assert len(OTHERS) * 4 <= len(ROWS.keys() | OTHERS.keys())


def test_every_handler_is_in_the_table_is_short_and_cites_its_thread():
    files = {path.stem: path.read_text() for path in HANDLERS.glob("*.py")}
    bugs = {row.handler: bug.partition(",")[0] for bug, row in ROWS.items()}
    assert files.keys() == bugs.keys()
    for name, text in files.items():
        assert f"Public bug: {bugs[name]}, " in text
        assert "https://github.com/" in text or "failoverbench" in text
        assert len(text.splitlines()) < 42, name
