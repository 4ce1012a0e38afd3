"""What the settings of a folder and a command line come to, for whatever plays the handler."""

import subprocess
import sys

import pytest

from llminv.cli import main
from llminv.cli.project import JOBS_MAX, Project, processors
from llminv.testing import Audited


def settings(project, line):
    (project / "pyproject.toml").write_text(f'[tool.llminv]\nhandler = "handler.py:Router"\n{line}\n')


@pytest.mark.parametrize(
    ("line", "asked", "jobs"),
    [
        ("", None, min(processors(), JOBS_MAX)),
        ("jobs = 7", None, 7),
        ("jobs = 7", 2, 2),
        ("", 9, 9),
    ],
)
def test_how_many_are_played_at_a_time(project, line, asked, jobs):
    settings(project, line)
    assert Project.here(jobs=asked).options().jobs == jobs
    assert Project.here(jobs=asked).options(transport="loopback").jobs == 1  # where time is real


def test_whatever_plays_the_handler_takes_its_interpreter(project):
    settings(project, 'python = "interpreter"')
    interpreter, used = project / "interpreter", project / "used"
    interpreter.write_text(f'#!/bin/sh\necho used >> {used}\nexec {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    with Audited() as audited:
        assert audited.offers("fallback")
    item = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--llminv", "-k", "keys"]
    done = subprocess.run(item, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert used.read_text().count("used") == 2
    assert main(["export", "pytest", "there"]) == 0
    assert used.read_text().count("used") == 3
