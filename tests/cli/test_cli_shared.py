"""A checkout that is not one's own alone: read-only ones, and two runs at once."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from llminv.cli.record import ROUNDS_MAX, up_to_date
from llminv.evidence.ledger import Ledger
from llminv.reports.documents import Document

NOBODY = 65534


@pytest.fixture
def read_only(project, monkeypatch):
    """The project in a folder that nobody may write to, root neither: then the test is somebody else."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(project, folder / "project")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.chdir(folder / "project")
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    yield folder / "project"
    if is_root:
        os.seteuid(0)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("command", [["run"], ["verify"], ["docs"]])
def test_a_read_only_checkout(found, cli, edit, command, request):
    """Said before any work: the handler, which is not there, was never looked for."""
    edit("pyproject.toml", "broken.py:Stops", "no_such_handler.py:Router")
    edit("invariants/llm.yaml", "agents stop working", "nobody is served")
    request.getfixturevalue("read_only")
    answer = cli(*command)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("error: cannot write")
    assert ": Permission denied\nhelp: check the path, its permissions" in answer.err


def test_what_writes_nothing_works_read_only(project, cli, request):
    cli("docs")
    request.getfixturevalue("read_only")
    assert cli("docs", "--check").status == 0
    assert cli("check").status == 0


def test_a_bug_filed_while_documents_are_written(tmp_path):
    """What the documents have to say changes under them: they are written until nothing changes any more."""
    file = tmp_path / "A.md"
    texts = ["one", "one and two", "one and two"]

    def wanted():
        old = file.read_text() if file.exists() else None
        return [Document(file, old, texts.pop(0) if len(texts) > 1 else texts[0])]

    assert list(up_to_date(wanted)) == [f"{file}: written"] * 2
    assert file.read_text() == "one and two"
    endless = (Document(file, None, str(number)) for number in range(1000))
    assert len(list(up_to_date(lambda: [next(endless)]))) == ROUNDS_MAX


def test_two_runs_at_once_lose_nothing(project, cli, edit):
    """Each finds another bug; both bugs are in the ledger, and in the documents, whichever came last."""
    edit("pyproject.toml", "handler.py:Router", "broken.py:Wrong")
    text = (project / "broken.py").read_text()
    (project / "broken.py").write_text(f"{text}\n\nclass Wrong(Stops, Apologises):\n    pass\n")
    command = [sys.executable, "-m", "llminv", "run", "--seed", "1", "-n", "1", "--select"]
    runs = [
        subprocess.Popen([*command, name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for name in ("fallback", "exhaustion")
    ]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [1, 1], said
    bugs = Ledger(project / "invariants/bugs").bugs()
    assert {bug.invariant for bug in bugs} == {"fallback", "exhaustion"}
    assert cli("docs", "--check").status == 0
    document = (project / "VALIDATED_BUG.md").read_text()
    assert all(bug.id in document for bug in bugs)
