"""`llminv check` and `llminv list`: answers that need neither a handler nor a run."""

import pytest

from llminv.cli.list import TABLES, aligned
from llminv.kinds import KINDS
from llminv.simulation.faults import FAULTS


def test_check(project, cli, snapshot):
    snapshot("check", cli("check"))


def test_list_invariants(project, cli, snapshot):
    snapshot("list_invariants", cli("list"), cli("list", "bugs"))


def test_list_bugs(project, cli, edit):
    edit("pyproject.toml", "handler.py:Router", "broken.py:Stops")
    cli("run", "--seed", "1", "--select", "fallback")
    (file,) = (project / "invariants/bugs").iterdir()
    states = []
    for field in ("", 'fixed_in = "abc123"\n', 'fixed_in = "abc123"\naccepted = "later"\n'):
        text = file.read_text().partition("format =")
        file.write_text(f"# ours\n{field}format ={text[2]}")
        head, row = cli("list", "bugs").out.splitlines()
        assert head.split() == ["BUG", "INVARIANT", "FOUND", "ON", "STATE"]
        assert row.startswith(f"{file.stem}  fallback   20")
        states.append(row.split("  ")[-1])
    assert states == ["open", "fixed in abc123", "accepted"]


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
