"""`llminv export pytest`: modules that pass ruff, that run, and that find what a run finds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llminv.kinds import KINDS
from llminv.reports.pytest_modules import MODULES, module_of

RUFF = Path(sys.executable).with_name("ruff")


@pytest.fixture
def pytest_run(project):
    def run(*arguments):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_the_modules_run_and_pass_ruff(project, cli, pytest_run):
    assert cli("export", "pytest", "exported").out == "exported/test_llm_invariants.py: written\n"
    assert cli("export", "pytest", "exported").out == "exported/test_llm_invariants.py: up to date\n"
    for check in (["check", "--isolated"], ["format", "--isolated", "--check"]):
        done = subprocess.run([RUFF, *check, "exported"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    passed = pytest_run("exported")
    assert (passed.returncode, "6 passed" in passed.stdout) == (0, True), passed.stdout + passed.stderr


def test_a_broken_handler_fails_them_and_its_bug_is_in_the_docstring(project, cli, pytest_run):
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text().replace("handler.py:Router", "broken.py:Apologises"))
    assert cli("run", "--seed", "1").status == 1
    assert cli("export", "pytest", "exported").status == 0
    text = (project / "exported/test_llm_invariants.py").read_text()
    assert "    VALIDATED_BUG: exhaustion-failure-as-content-" in text
    assert "    ROOT CAUSE: not recorded" in text
    assert "    FIX: not recorded" in text
    failed = pytest_run("exported")
    assert failed.returncode == 1
    assert "failure_as_content: expected NoProviderAvailable is raised" in failed.stdout
    for named in ("TestExhaustion::test_what_is_always_played", "TestExhaustion::test_what_is_drawn"):
        assert f"FAILED exported/test_llm_invariants.py::{named}" in failed.stdout


def test_what_is_somebodys_own_is_kept(project, cli):
    (project / "exported").mkdir()
    own = project / "exported/test_llm_invariants.py"
    own.write_text("mine")
    answer = cli("export", "pytest", "exported")
    assert (answer.status, own.read_text()) == (2, "mine")
    assert "is somebody's own" in answer.err


def test_a_handler_that_offers_nothing_of_it(project, cli):
    shutil.copy(project / "handler.py", project / "counter.py")
    with (project / "counter.py").open("a") as file:
        file.write("\n\nclass Counter:\n    def count_tokens(self, text, **_):\n        return 0\n")
    answer = cli("export", "pytest", "exported", "--handler", "counter.py:Counter")
    assert (answer.status, answer.out) == (2, "")
    assert "offers nothing that the declared invariants are about" in answer.err


def test_every_kind_has_its_module():
    assert {module_of(kind) for kind in KINDS} == MODULES.keys()
    named = {kind for _, kinds in MODULES.values() for kind in kinds}
    assert named <= KINDS.keys()
