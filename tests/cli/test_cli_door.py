"""The one door: help, the table of exit statuses, crashes, interruptions, closed pipes, and what is imported."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llminv import __version__
from llminv.cli import main
from llminv.cli.app import COMMANDS
from llminv.cli.exit_codes import EXIT_CODES

LLMINV = [sys.executable, "-m", "llminv"]
LOOPING = """
import os
from pathlib import Path

class Loops:
    def complete(self, request):
        Path(f"worker-{os.getpid()}").touch()
        while True:
            pass
"""
SELECT = ("run", "--seed", "1", "--no-write", "--select", "fallback")


def interrupted(cli, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("llminv.audit.engine.run", interrupt)
    return cli(*SELECT)


# For every exit status a command that ends with it.
WAYS = {
    0: lambda cli, _: cli(*SELECT),
    1: lambda cli, _: cli(*SELECT, "--handler", "broken.py:Stops"),
    2: lambda cli, _: cli(*SELECT, "--handler", "broken.py:Counts"),
    130: interrupted,
}


@pytest.mark.parametrize("code", EXIT_CODES)
def test_every_exit_status(project, cli, monkeypatch, code):
    assert WAYS[code](cli, monkeypatch).status == code


def test_help_prints_the_table(cli):
    lines = [line.strip() for line in cli("--help").out.splitlines()]
    for code, meaning in EXIT_CODES.items():
        first, *more = meaning.splitlines()
        start = lines.index(f"{int(code)}  {first}")
        assert lines[start + 1 : start + 1 + len(more)] == more


def test_help(cli, snapshot):
    snapshot("help", cli("--help"), *[cli(command, "--help") for command in COMMANDS])


def test_no_arguments_are_a_question(cli):
    answer = cli()
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == cli("--help").out


def test_version(cli):
    answer = cli("--version")
    assert answer.status == 0
    assert answer.out.startswith(f"llminv {__version__} (Python 3.")


def test_a_crash_of_our_own(project, cli, monkeypatch):
    def crash(*_, **__):
        raise AttributeError("[bold]odd[/x]")

    monkeypatch.setattr("llminv.audit.engine.run", crash)
    answer = cli(*SELECT)
    assert (answer.status, answer.out) == (2, "")
    first, _please, blank, fence, version, command, traceback, *_, last, end = answer.err.splitlines()
    assert "no verdict was reached" in first
    assert version.startswith(f"llminv {__version__}, Python 3.")
    assert (blank, fence, end) == ("", "```", "```")
    assert command == f"$ {answer.command}"
    assert traceback == "Traceback (most recent call last):"
    assert last == "AttributeError: [bold]odd[/x]"


@pytest.mark.parametrize(
    "error", [EOFError, SystemExit(0), SystemExit(1), OSError(32, "Broken pipe"), MemoryError]
)
def test_nothing_of_ours_reads_as_a_verdict(project, cli, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("llminv.audit.engine.run", fail)
    assert cli(*SELECT).status == 2


def test_an_llminv_that_cannot_be_imported(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "llminv.cli.app", None)
    answer = cli("check")
    assert (answer.status, answer.out) == (2, "")
    assert "no verdict was reached" in answer.err


def test_interrupted(project, cli, monkeypatch):
    answer = interrupted(cli, monkeypatch)
    assert (answer.status, answer.out) == (130, "")
    assert answer.err == "Interrupted: no verdict was reached.\n"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_a_handler_loops(project, sent):
    """The workers, which do not end by themselves, are gone too."""
    (project / "pyproject.toml").write_text("[tool.llminv]\nscenario_limit_s = 600\n")
    (project / "looping.py").write_text(LOOPING)
    command = [*LLMINV, "run", "--no-write", "--handler", "looping.py:Loops", "--jobs", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None and len(workers := list(project.glob("worker-*"))) < 2:
            time.sleep(0.05)
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "Interrupted: no verdict was reached.\n")
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(worker.name.removeprefix("worker-")), 0)


def test_a_reader_that_has_gone(project):
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*LLMINV, "list", "faults"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (2, "")


CANNOT = "error: the report could not be written: "


def test_standard_output_that_is_closed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["list", "faults"]) == 2
    assert capsys.readouterr().err == f"{CANNOT}standard output is closed\n"


@pytest.mark.parametrize("arguments", [["list", "faults"], ["--help"]], ids=" ".join)
@pytest.mark.parametrize("buffering", [-1, 1], ids=["in blocks", "by the line"])
def test_a_disk_that_is_full(capsys, monkeypatch, arguments, buffering):
    with Path("/dev/full").open("w", buffering) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 2
    assert capsys.readouterr().err == f"{CANNOT}No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "redirected", "status"),
    [([*SELECT, "-n", "1"], "<&- 2>&-", 0), (["list", "faults"], ">/dev/full 2>&1", 2)],
)
def test_where_nothing_can_be_said_the_status_says_it(project, arguments, redirected, status):
    command = f'"$0" -m llminv {" ".join(arguments)} {redirected}'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.endswith("" if status else "Seed 1.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["check"],
        ["list"],
        ["list", "faults"],
        ["bugs"],
        ["docs"],
        ["init"],
    ],
    ids=" ".join,
)
def test_what_is_not_needed_is_not_imported(project, arguments):
    code = (
        "import sys; from llminv.cli import main; status = main(sys.argv[1:]); "
        "slow = {'hypothesis', 'tiktoken', 'rich', 'openai', 'anthropic', 'google'} & set(sys.modules); "
        "sys.exit(f'{status} {slow}' if status or slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_option_has_two_spellings():
    """One name each; the only short one is the -n of --max-examples."""
    import typer

    from llminv.cli.app import app

    group = typer.main.get_command(app)
    names = [
        name
        for command in [group, *group.commands.values()]
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    ]
    assert {name for name in names if not name.startswith("--")} == {"-n"}
    assert not [name for name in names if name.startswith("--no-") and name != "--no-write"]
