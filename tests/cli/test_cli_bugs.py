"""`llminv bugs` and `llminv bugs show`: what is recorded, as people left it."""

import pytest


@pytest.fixture
def file(found):
    """The file of a recorded bug, found on a day that stays the same."""
    lines = found.read_text().splitlines(keepends=True)
    found.write_text("".join('found_on = "2026-01-31"\n' if "found_on" in line else line for line in lines))
    return found


def fill_in(file, fields):
    head, _, tail = file.read_text().partition("format =")
    file.write_text(f"{head}{fields}format ={tail}")


def test_none(project, cli):
    answer = cli("bugs")
    assert (answer.status, answer.out, answer.err) == (0, "", "No bug is recorded.\n")


def test_the_list(cli, file, snapshot):
    snapshot("bugs", cli("bugs"))


def test_one_whole(cli, file, snapshot):
    first = cli("bugs", "show", file.stem)
    fill_in(
        file,
        'root_cause = """\nStops catches TimeoutError,\nnot OSError."""\nreference = "https://example.com/1"\n'
        'accepted = "the next release"\n',
    )
    snapshot("bugs_show", first, cli("bugs", "show", f"invariants/bugs/{file.name}"))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("", "unverifiable"),
        ('found_in = "abc"\n', "open"),
        ('found_in = "abc"\naccepted = "later"\n', "open, accepted"),
        ('found_in = "abc"\nfixed_in = "abd"\n', "fixed (unverified)"),
        ('found_in = "abc dirty"\nfixed_in = "abd"\n', "unverifiable"),
        ('found_in = "abc dirty a==1"\nfixed_in = "a==2"\n', "fixed (unverified)"),
    ],
)
def test_the_status(cli, file, fields, status):
    fill_in(file, fields)
    head, row = cli("bugs").out.splitlines()
    columns = [head.index(word) for word in ("STATUS", "TITLE")]
    assert row[columns[0] : columns[1]].strip() == status


def test_accepted_in_the_declaration(cli, file, edit):
    edit(
        "invariants/llm.yaml",
        "id: fallback",
        f"id: fallback\n    accepted: {{bug: {file.stem}, reason: later}}",
    )
    assert "unverifiable, accepted" in cli("bugs").out


def test_an_invariant_that_is_gone(cli, file, edit):
    edit("invariants/llm.yaml", "id: fallback", "id: renamed")
    assert file.stem in cli("bugs").out
