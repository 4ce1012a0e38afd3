"""`pytest --llminv`: an item an invariant, in one process or several."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "support/project"


@pytest.fixture
def run(tmp_path):
    """Run pytest in a copy of the project whose handler is `handler`."""

    def run(handler, *arguments, ini=""):
        shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
        settings = tmp_path / "pyproject.toml"
        settings.write_text(settings.read_text().replace("handler.py:Router", handler) + ini)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_held(run):
    status, out = run("handler.py:Router", "--llminv", "-v")
    assert status == 0, out
    for name in ("fallback", "exhaustion", "keys"):
        assert f"llminv::{name} PASSED" in out


def test_violated_and_unknown_in_two_processes(run):
    status, out = run(
        "broken.py:Stops", "-n", "2", ini="\n[tool.pytest.ini_options]\nllminv_invariants = true\n"
    )
    assert status == 1, out
    assert "FAILED llminv::fallback - violated: chain_stopped" in out
    assert "  Expected  deepseek is tried after openai failed with http_429" in out
    assert "FAILED llminv::keys - unknown: never exercised" in out
    assert "Traceback" not in out


def test_only_what_is_asked_for(run):
    status, out = run("handler.py:Router", "--llminv", "-k", "keys")
    assert (status, "1 passed, 2 deselected" in out) == (0, True), out
    assert run("handler.py:Router")[0] == 5, "without the option there is nothing to collect"


def test_a_wrong_declaration_is_an_error_of_usage(run, tmp_path):
    (tmp_path / "invariants").mkdir()
    status, out = run("handler.py:Router", "--llminv", "--co", ini="")
    assert status == 0, out
    (tmp_path / "invariants/llm.yaml").write_text("invariants: 5\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--llminv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "llminv: invariants/llm.yaml:1:1" in done.stderr) == (4, True), done.stderr


def test_an_accepted_bug_is_an_expected_failure(run, tmp_path):
    run("broken.py:Apologises", "--version")  # makes the project
    subprocess.run([sys.executable, "-m", "llminv", "run"], cwd=tmp_path, capture_output=True, check=False)
    (bug,) = (tmp_path / "invariants/bugs").glob("exhaustion-failure-as-content-*.toml")
    bug.write_text(f'accepted = "until June"\n{bug.read_text()}')
    status, out = run("broken.py:Apologises", "--llminv", "-k", "exhaustion")
    assert (status, "1 xfailed" in out) == (0, True), out
