"""`llminv check` and `llminv list`: answers that need neither a handler nor a run."""

import pytest

from llminv.cli.list import TABLES, aligned
from llminv.kinds import KINDS
from llminv.simulation.faults import FAULTS


def test_check(project, cli, snapshot):
    snapshot("check", cli("check"))


def test_list_invariants(project, cli, snapshot):
    snapshot("list_invariants", cli("list"))


@pytest.mark.parametrize(("what", "table"), [("kinds", KINDS), ("faults", FAULTS)])
def test_a_table_has_all_its_rows(project, cli, what, table):
    answer = cli("list", what)
    assert answer.status == 0
    assert [line.split()[0] for line in answer.out.splitlines()[1:]] == list(table)


def test_a_fault_says_what_it_is(project, cli):
    head, *rows = cli("list", "faults").out.splitlines()
    row = next(row for row in rows if row.startswith("no_answer "))
    fault = FAULTS["no_answer"]
    columns = [head.index(word) for word in ("CLASS", "FIRES", "SUMMARY")]
    assert [row[column:].split("  ")[0] for column in columns] == [
        fault.fault_class,
        fault.where.value,
        fault.summary,
    ]


def test_every_list_has_as_many_cells_as_its_head(project):
    for head, rows in TABLES.values():
        assert all(len(row) == len(head) for row in rows())


def test_aligned():
    assert aligned([("A", "LONG"), ("abc", "x")]) == ["A    LONG", "abc  x"]
