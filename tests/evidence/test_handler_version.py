import os
import subprocess
from importlib import metadata
from pathlib import Path

import _pytest.config
import pytest
import rich

from llminv.evidence.version import handler_version


@pytest.fixture
def tree(tmp_path):
    """A work tree with one commit of app.py, and a function that runs git in it."""

    def git(*arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        done = subprocess.run(
            ["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True, env=environment
        )
        return done.stdout.decode().strip()

    git("init")
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "invariants").mkdir()
    (tmp_path / "invariants" / "llm.yaml").write_text("1")
    git("add", ".")
    git("commit", "--message", "first")
    return tmp_path, git


def test_a_clean_commit(tree):
    folder, git = tree
    assert handler_version(folder / "app.py", "app") == f"git {git('rev-parse', 'HEAD')}"


@pytest.mark.parametrize(
    ("name", "is_dirty"),
    [
        ("app.py", True),
        ("new.py", True),
        ("a folder/new.py", True),
        ("invariants/llm.yaml", True),
        ("notes.txt", False),
        ("INVARIANTS.md", False),
        ("docs/VALIDATED_BUG.md", False),
        ("invariants/bugs/x.toml", False),
        (".venv/lib/site-packages/x.py", False),
    ],
)
def test_what_makes_a_commit_dirty(tree, name, is_dirty):
    folder, git = tree
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("2")
    commit = f"git {git('rev-parse', 'HEAD')}"
    assert handler_version(folder / "app.py", None) == (f"{commit} dirty" if is_dirty else commit)


def test_the_work_tree_is_not_touched(tree):
    folder, _ = tree
    index = folder / ".git" / "index"
    (folder / "app.py").touch()
    before = index.read_bytes()
    handler_version(folder / "app.py", None)
    assert index.read_bytes() == before


def test_the_variables_of_a_git_hook_point_elsewhere(tree, monkeypatch, tmp_path_factory):
    folder, git = tree
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("elsewhere")))
    monkeypatch.setenv("GIT_INDEX_FILE", "nowhere")
    assert handler_version(folder / "app.py", None) == f"git {git('rev-parse', 'HEAD')}"


def test_no_commit_yet(tmp_path):
    subprocess.run(["git", "-C", tmp_path, "init"], check=True, capture_output=True)
    assert handler_version(tmp_path / "app.py", None) == "unversioned"


def test_outside_a_work_tree_and_ignored_files(tree, tmp_path_factory):
    folder, _ = tree
    assert handler_version(tmp_path_factory.mktemp("plain") / "app.py", None) == "unversioned"
    (folder / ".gitignore").write_text("local.py\n")
    (folder / "local.py").touch()
    assert handler_version(folder / "local.py", None) == "unversioned"
    assert handler_version(folder / "site-packages" / "x" / "y.py", None) == "unversioned"


def test_without_git(tree, monkeypatch):
    folder, _ = tree
    monkeypatch.setenv("PATH", "")
    assert handler_version(folder / "app.py", None) == "unversioned"


def test_an_installed_distribution():
    expected = f"pytest=={metadata.version('pytest')}"
    assert handler_version(None, "_pytest.config") == expected
    assert handler_version(Path(_pytest.config.__file__), "_pytest.config") == expected
    assert handler_version(None, "no_such_package.x") == "unversioned"
    assert handler_version(None, None) == "unversioned"


def test_a_namespace_package_is_told_apart_by_the_file(monkeypatch):
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"shared": ["rich", "pytest"]})
    assert handler_version(Path(rich.__file__), "shared.x") == f"rich=={metadata.version('rich')}"
    assert handler_version(Path(_pytest.__file__), "shared.x") == f"pytest=={metadata.version('pytest')}"
    assert handler_version(None, "shared.x") == f"pytest=={metadata.version('pytest')}"
