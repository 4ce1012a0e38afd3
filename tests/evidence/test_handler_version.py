import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import wheel

from llminv.evidence.imports import imported_packages, located
from llminv.evidence.version import Version, handler_version, parse

ROOT = Path(__file__).resolve().parents[2]


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
    assert handler_version("app.py", folder, sys.path) == Version(git("rev-parse", "HEAD"))


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
    found = handler_version("app.py", folder, sys.path)
    assert found == Version(git("rev-parse", "HEAD"), is_dirty)


def test_the_work_tree_is_not_touched(tree):
    folder, _ = tree
    index = folder / ".git" / "index"
    (folder / "app.py").touch()
    before = index.read_bytes()
    handler_version("app.py", folder, sys.path)
    assert index.read_bytes() == before


def test_the_variables_of_a_git_hook_point_elsewhere(tree, monkeypatch, tmp_path_factory):
    folder, git = tree
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("elsewhere")))
    monkeypatch.setenv("GIT_INDEX_FILE", "nowhere")
    assert handler_version("app.py", folder, sys.path).commit == git("rev-parse", "HEAD")


def test_no_commit_yet(tmp_path):
    subprocess.run(["git", "-C", tmp_path, "init"], check=True, capture_output=True)
    assert handler_version("app.py", tmp_path, sys.path) == Version()


def test_outside_a_work_tree_and_ignored_files(tree, tmp_path_factory):
    folder, _ = tree
    plain = tmp_path_factory.mktemp("plain")
    assert handler_version("app.py", plain, sys.path) == Version()
    (folder / ".gitignore").write_text("local.py\n")
    (folder / "local.py").touch()
    assert handler_version("local.py", folder, sys.path) == Version()
    assert handler_version("no_such_package.y", folder, sys.path) == Version()


def test_without_git(tree, monkeypatch):
    folder, _ = tree
    monkeypatch.setenv("PATH", "")
    assert handler_version("app.py", folder, sys.path) == Version()


def test_an_installed_distribution(tmp_path):
    expected = Version(packages={"pytest": metadata.version("pytest")})
    assert handler_version("_pytest.config:Config", tmp_path, sys.path) == expected
    assert handler_version("no_such_package.x", tmp_path, sys.path) == Version()


def test_in_another_environment(tmp_path):
    """What counts is installed where the handler runs, and not where llminv does."""
    (tmp_path / "handler.py").write_text("import routes, pytest")
    wheel(tmp_path / "index", "routes", "1.0", "")
    with zipfile.ZipFile(next((tmp_path / "index").iterdir())) as archive:
        archive.extractall(tmp_path / "site-packages")
    found = handler_version("handler.py:X", tmp_path, [str(tmp_path / "site-packages")])
    assert found == Version(packages={"routes": "1.0"})
    installed = handler_version("routes:X", tmp_path, [str(tmp_path / "site-packages")])
    assert installed == Version(packages={"routes": "1.0"})


def test_a_namespace_package_is_told_apart_by_the_file(tmp_path):
    """Both of them bring the package `shared`, each another part of it."""
    site = tmp_path / "site-packages"
    for name in ("one", "two"):
        (site / "shared" / name).mkdir(parents=True)
        (site / f"{name}-1.{len(name)}.dist-info").mkdir()
        (site / "shared" / name / "__init__.py").touch()
        info = site / f"{name}-1.{len(name)}.dist-info"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {len(name)}\n")
        (info / "RECORD").write_text(f"shared/{name}/__init__.py,,\n")
    for name in ("one", "two"):
        found = handler_version(f"shared.{name}:X", tmp_path, [str(site)])
        assert found == Version(packages={name: "3"})


FILES = {
    "handler.py": "import json\nfrom llminv.contract import Reply\nfrom app import routes\nimport absent",
    "app/__init__.py": "",
    "app/routes.py": "from . import wire\nfrom .deep.inner import thing\nfrom app.deep import other as o",
    "app/wire.py": "def send():\n    import rich.text",
    "app/deep/__init__.py": "from ..unseen import x",
    "app/deep/inner.py": "import pytest",
    "app/deep/other.py": "import handler\nimport typer",
    "app/not_imported.py": "import hypothesis",
    "app/unseen.py": "this is not Python",
}


def test_what_the_projects_own_files_import(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = imported_packages(tmp_path / "handler.py", tmp_path, sys.path)
    assert found == {name: metadata.version(name) for name in ("pytest", "rich", "typer")}


def test_the_example_names_its_clients():
    found = imported_packages(ROOT / "examples/byok/handler.py", ROOT, sys.path)
    assert {"openai", "anthropic", "google-genai"} <= found.keys()
    assert "llminv" not in found


def test_where_a_spec_points(tmp_path):
    for file in ("app/llm.py", "src/gw/core.py", "src/app/other.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "app/__init__.py").touch()
    assert located("x/handler.py:Router", tmp_path, []) == (Path("x/handler.py"), None)
    assert located("app.llm:Router", tmp_path, []) == (tmp_path / "app/llm.py", "app.llm")
    assert located("gw.core:Router", tmp_path, []) == (tmp_path / "src/gw/core.py", "gw.core")
    assert located("app.other", tmp_path, []) == (None, "app.other")


@pytest.mark.parametrize(
    ("version", "text", "shown"),
    [
        (Version(), "", "unversioned"),
        (Version("1" * 40), "1" * 40, "commit 111111111111"),
        (Version("v1.2"), "v1.2", "commit v1.2"),
        (Version("a" * 40, is_dirty=True), f"{'a' * 40} dirty", "commit aaaaaaaaaaaa dirty"),
        (Version(packages={"litellm": "1.80.0"}), "litellm==1.80.0", "litellm==1.80.0"),
        (Version("abc", packages={"a": "1", "b": "2"}), "abc a==1 b==2", "commit abc a==1 b==2"),
    ],
)
def test_a_version_in_words(version, text, shown):
    assert (str(version), version.shown, parse(text)) == (text, shown, version)


@pytest.mark.parametrize("text", ["dirty", "a b", "litellm==", "--upload-pack=x", "a==1;b", "-r", "a==*"])
def test_what_is_no_version(text):
    with pytest.raises(ValueError, match="found"):
        parse(text)


@given(st.text())
def test_any_text_is_a_version_or_refused(text):
    try:
        version = parse(text)
    except ValueError:
        return
    assert parse(str(version)) == version
