"""Each seeded bug of the tables is found, and reduced to the scenario there; what it is built on holds there.

Cells are played in order until the code shows; then, for each seed, drawn scenarios, where the cells stand in for a
seed that does not meet it. Whatever shows it first is reduced, by cells and for each seed alike, to the very same
minimum, of which nothing can go. The ordinary run plays three seeds, and the operations of the minimum alone.
"""

from __future__ import annotations

import finish_rows
import pytest
import retry_rows
import routing_rows
import stops_rows
import stream_rows
from played import ROOT, Played, less, shipped

# A handler that the world stops, or that fails in the middle, leaves its connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TABLES = (routing_rows, retry_rows, stream_rows, finish_rows, stops_rows)
ROWS = {bug: row for table in TABLES for bug, row in table.ROWS.items()}
FOLDERS = ("routing", "retry", "streams", "finish", "stops")
# Of each seed; the deep run draws more.
DRAWS = 15
LINES_MAX = 48
# The rows of the classes in the public list of bugs; class B's about cooldowns are in calls_rows.py.
CLASS_A = (
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
CLASS_C = (1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31)


def spec_of(row):
    return f"tests/seeded/{row.handler}.py:Handler"


def operations_of(row):
    return tuple(dict.fromkeys(call.operation for call in row.scenario.calls))


@pytest.mark.parametrize("bug", ROWS)
def test_a_seeded_bug_is_found_and_reduced_to_the_minimum(bug):
    row = ROWS[bug]
    with Played(spec_of(row), row.invariant, operations_of(row), row.policy) as played:
        assert played.minima(row.code, range(3), DRAWS) == [row.scenario.text] * 4
        assert [one.text for one in less(row.scenario) if row.code in played.codes(one)] == []


@pytest.mark.deep
@pytest.mark.parametrize("bug", ROWS)
def test_for_many_seeds(bug):
    row = ROWS[bug]
    with Played(spec_of(row), row.invariant, policy=row.policy) as played:
        assert played.minima(row.code, range(20)) == [row.scenario.text] * 21


RIGHT = {(row.right, row.invariant, tuple(row.policy.items())) for row in ROWS.values()}


@pytest.mark.parametrize(("right", "invariant", "policy"), sorted(RIGHT))
def test_what_the_handlers_are_built_on_holds_there(right, invariant, policy):
    scenarios = [
        row.scenario
        for row in ROWS.values()
        if (row.right, row.invariant, tuple(row.policy.items())) == (right, invariant, policy)
    ]
    with Played(right, invariant, policy=dict(policy)) as played:
        there = [one for one in scenarios if one.calls[0].operation in played.operations]
        assert {code for scenario in there for code in played.codes(scenario)} == set()


@pytest.mark.parametrize("table", [routing_rows, retry_rows])
def test_at_most_one_bug_in_four_goes_without_a_handler(table):
    assert not table.ROWS.keys() & table.OTHERS.keys()
    assert len(table.OTHERS) * 4 <= len(table.ROWS.keys() | table.OTHERS.keys())


def test_every_bug_of_the_classes_has_a_row_or_a_reason():
    assert routing_rows.ROWS.keys() | routing_rows.OTHERS.keys() == {f"A{number}" for number in CLASS_A}
    of_streams = {bug for bug in stream_rows.ROWS.keys() | finish_rows.ROWS.keys() if "#" not in bug}
    assert of_streams == {f"C{number}" for number in CLASS_C}
    assert sum(len(table.ROWS) for table in TABLES) == len(ROWS) + len(
        routing_rows.ROWS.keys() & stops_rows.ROWS.keys()
    )


def test_every_handler_is_in_a_table_is_short_and_cites_its_thread():
    bugs = {row.handler: bug.partition(",")[0] for bug, row in ROWS.items()}
    files = {
        f"{folder}/{path.stem}": path.read_text()
        for folder in FOLDERS
        for path in (ROOT / "tests/seeded" / folder).glob("*.py")
    }
    assert files.keys() == {name for name in bugs if not name.startswith("broken/")}
    for name, text in files.items():
        assert f"Public bug: {bugs[name]}, " in text, name
        assert "https://github.com/" in text or "failoverbench" in text, name
        assert len(text.splitlines()) < LINES_MAX, name


def test_the_chain_is_the_shipped_one():
    assert next(iter(shipped().values())).policy.chain == routing_rows.CHAIN
