"""`llminv docs`: two documents, written, checked and compared."""

import subprocess

import pytest

DOCUMENTS = ("INVARIANTS.md", "VALIDATED_BUG.md")


def texts(project):
    return [(project / name).read_text() if (project / name).exists() else None for name in DOCUMENTS]


def test_written_then_up_to_date(project, cli, snapshot):
    snapshot("docs", cli("docs", "--check"), cli("docs"), cli("docs"), cli("docs", "--check"))


def test_check_writes_nothing(project, cli):
    assert cli("docs", "--check", "--diff").status == 1
    assert texts(project) == [None, None]


def test_diff(project, cli, edit, snapshot):
    cli("docs")
    edit("invariants/llm.yaml", "critical: agents stop working", "critical: nobody is served")
    before = texts(project)
    snapshot("docs_diff", cli("docs", "--check", "--diff"))
    assert texts(project) == before
    assert cli("docs", "--diff").status == 0
    assert cli("docs", "--check").status == 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_text_outside_the_markers_is_kept(project, cli, name):
    (project / name).write_text("# Ours\n\nWritten by people.\n")
    cli("docs")
    assert (project / name).read_text().startswith("# Ours\n\nWritten by people.\n\n<!-- llminv:begin -->")
    assert cli("docs", "--check").status == 0


def test_what_git_does_not_have(project, cli, snapshot):
    """A document that only this checkout has is as good as none."""

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True)

    git("init")
    cli("docs")
    first = cli("docs", "--check")
    git("add", "INVARIANTS.md")
    second = cli("docs", "--check")
    git("add", "VALIDATED_BUG.md")
    snapshot("docs_untracked", first, second, cli("docs", "--check"))


def test_a_run_leaves_nothing_for_docs_to_do(project, cli):
    cli("run", "--seed", "1")
    assert cli("docs", "--check").status == 0


def test_a_ledger_of_others(project, cli, edit, found):
    """What was found elsewhere is told, and is not a bug of this project's own handler."""
    found.parent.rename(project / "theirs")
    edit("pyproject.toml", "[tool.llminv]", "[tool.llminv]\nledgers = ['theirs']")
    assert cli("docs").status == 0
    assert f"### VALIDATED_BUG: {found.stem}" in (project / "VALIDATED_BUG.md").read_text()
    assert "none recorded" in (project / "INVARIANTS.md").read_text()
    assert cli("bugs").err == "No bug is recorded.\n"
    cli("verify", f"theirs/{found.name}")
    assert cli("docs", "--check").status == 0


def test_a_ledger_that_is_not_there(project, cli, edit):
    edit("pyproject.toml", "[tool.llminv]", "[tool.llminv]\nledgers = ['nowhere']")
    answer = cli("docs")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("error: pyproject.toml: ledgers: there is no folder nowhere\n")
