"""A project in a folder of its own, and a way to run command lines in it and to pin all that they say.

A snapshot holds the command line, the exit status and both streams; LLMINV_SNAPSHOTS=write writes them
anew, for git to show what has changed.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from llminv.cli import main

SUPPORT = Path(__file__).parents[1] / "support"
SNAPSHOTS = Path(__file__).parent / "snapshots"


class Answer(NamedTuple):
    command: str
    status: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"$ {self.command}\nexit {self.status}\n--- stdout\n{self.out}--- stderr\n{self.err}"


Cli = Callable[..., Answer]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The current folder: a project whose handler is right."""
    folder = tmp_path / "project"
    shutil.copytree(SUPPORT / "project", folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def violated_project(tmp_path_factory) -> Path:
    """The project with a handler that does not catch a rate limit, after the run that found that."""
    folder = tmp_path_factory.mktemp("violated") / "project"
    shutil.copytree(SUPPORT / "project", folder, ignore=shutil.ignore_patterns("__pycache__"))
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("handler.py:Router", "broken.py:Stops"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["run", "--seed", "1", "--select", "fallback"]) == 1
    return folder


@pytest.fixture
def found(project, violated_project) -> Path:
    """The file of the bug that is recorded in the project, which now has that handler."""
    shutil.copytree(violated_project, project, dirs_exist_ok=True)
    (file,) = (project / "invariants/bugs").iterdir()
    return file


@pytest.fixture
def cli(capsys) -> Cli:
    """Run a command line in this process."""

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        status = main(arguments)
        out, err = capsys.readouterr()
        return Answer(" ".join(["llminv", *arguments]), status, out, err)

    return call


@pytest.fixture
def snapshot() -> Callable[[str, object], None]:
    """Compare everything that was said with what is pinned under a name."""

    def compare(name: str, *answers: Answer) -> None:
        file = SNAPSHOTS / f"{name}.txt"
        text = "\n".join(map(str, answers))
        if os.environ.get("LLMINV_SNAPSHOTS") == "write":
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8")

    return compare


@pytest.fixture
def edit(project) -> Callable[[str, str, str], None]:
    """Replace a text in a file of the project, which must be there."""

    def replace(name: str, old: str, new: str) -> None:
        text = (project / name).read_text()
        assert old in text
        (project / name).write_text(text.replace(old, new))

    return replace
