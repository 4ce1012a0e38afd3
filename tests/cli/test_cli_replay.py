"""`llminv replay`: what is said of a recorded bug, and the exit status."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def bug(found) -> str:
    """The id of a recorded bug: the rate limit that is not caught."""
    return found.stem


def test_fails(cli, bug, snapshot):
    snapshot("replay_fails", cli("replay", bug))


def test_what_went_over_the_wire(cli, bug, snapshot):
    answer = cli("replay", bug, "--bytes")
    assert answer.out.startswith(cli("replay", bug).out)
    snapshot("replay_bytes", answer)


def test_the_transport_is_the_recorded_one(project, cli, edit):
    """Over real sockets the providers are at ports of this machine, and the handler asks other hosts."""
    edit("pyproject.toml", "handler.py:Router", "broken.py:Stops")
    run = cli("run", "--seed", "1", "-n", "1", "--select", "fallback", "--transport", "loopback")
    (file,) = (project / "invariants/bugs").iterdir()
    assert 'transport = "loopback"\n' in file.read_text()
    again = cli("replay", file.stem)
    refusal = "over loopback, providers are reached at the base URLs"
    assert (run.status, again.status, refusal in again.out) == (1, 1, True)


def test_passes_on_another_handler(cli, bug, snapshot):
    snapshot("replay_passes", cli("replay", bug, "--handler", "handler.py:Router"))


def test_unknown_where_it_cannot_be_played(cli, bug, snapshot):
    snapshot("replay_unknown", cli("replay", bug, "--handler", "broken.py:Streams"))


def test_a_file(cli, bug):
    assert cli("replay", f"invariants/bugs/{bug}.toml").out == cli("replay", bug).out


def test_the_nearest_id(cli, bug):
    answer = cli("replay", bug[:-1])
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.endswith(f"help: did you mean {bug}?\n")


def test_what_was_recorded_is_played_whatever_is_declared_now(cli, bug, edit):
    edit("invariants/providers.yaml", "[openai, deepseek]", "[deepseek, openai]")
    edit("invariants/llm.yaml", "id: fallback", "id: renamed")
    assert cli("replay", bug).status == 1


def test_declarations_are_not_needed(project, cli, bug):
    (project / "invariants/llm.yaml").unlink()
    assert cli("replay", bug).status == 1


def test_a_handler_that_cannot_be_loaded(cli, bug):
    answer = cli("replay", bug, "--handler", "raises.py")
    assert answer.status == 2
    assert answer.err.startswith(
        "error: handler 'raises.py' raised while it was loaded: RuntimeError: no [bold]"
    )


def debugged(bug, *arguments, commands):
    return subprocess.run(
        [sys.executable, "-m", "llminv", "replay", bug, "--pdb", *arguments],
        input=commands,
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )


def test_the_debugger_stops_where_the_handler_raised(bug):
    done = debugged(bug, commands="p provider, response.status\nquit\n")
    assert "-> raise Refused(" in done.stdout
    assert "(Pdb) ('openai', 429)" in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_the_debugger_needs_something_raised(bug):
    done = debugged(bug, "--handler", "handler.py:Router", commands="")
    assert done.stdout.startswith(f"PASSES {bug}")
    assert done.stderr == "The handler raised nothing: there is no place for the debugger to stop at.\n"
    assert done.returncode == 0
