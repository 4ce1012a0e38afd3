"""The hooks for pre-commit: what they call passes and fails as a hook has to."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
}


@pytest.fixture
def hook(cli):
    """Call a hook as pre-commit does: its entry, without file names."""

    def call(name, *more):
        assert HOOKS[name]["pass_filenames"] is False
        program, *arguments = shlex.split(HOOKS[name]["entry"])
        assert program == "llminv"
        return cli(*arguments, *more).status

    return call


def test_the_documents(project, cli, hook):
    subprocess.run(["git", "init", "--quiet"], check=True)
    assert hook("llminv-docs") == 1, "there are none"
    assert cli("docs").status == 0
    assert hook("llminv-docs") == 1, "git does not have them"
    subprocess.run(["git", "add", "--all"], check=True)
    assert hook("llminv-docs") == 0
    (project / "INVARIANTS.md").write_text("stale")
    assert hook("llminv-docs") == 1


def test_a_run(project, hook):
    assert hook("llminv-run", "-n", "1") == 0
    assert hook("llminv-run", "-n", "1", "--handler", "broken.py:Stops") == 1
    assert not (project / "INVARIANTS.md").exists(), "a hook must not leave changes behind"


@pytest.mark.parametrize(
    ("path", "concerns"),
    [
        ("invariants/llm.yaml", True),
        ("invariants/deep/llm.yml", True),
        ("invariants/bugs/a.toml", True),
        ("INVARIANTS.md", True),
        ("VALIDATED_BUG.md", True),
        ("docs/INVARIANTS.md", False),
        ("handler.py", False),
    ],
)
def test_which_files_call_for_the_documents(path, concerns):
    assert bool(re.search(HOOKS["llminv-docs"]["files"], path)) is concerns


def test_the_run_has_the_handlers_own_environment():
    assert (HOOKS["llminv-docs"]["language"], HOOKS["llminv-run"]["language"]) == ("python", "system")
    assert HOOKS["llminv-run"]["stages"] == ["pre-push", "manual"]
