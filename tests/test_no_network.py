"""The whole audit needs no network: the example holds where names and connections are refused to every process.

Where the kernel lets this user make a network namespace, there is no interface either.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
WITHOUT_NETWORK = {**os.environ, "PYTHONPATH": str(TESTS / "support/no_network")}
UNSHARE = (shutil.which("unshare") or "unshare", "--net", "--map-root-user")


def without_interfaces():
    """Return the command that takes them away, nothing where this user may not."""
    try:
        return (
            UNSHARE
            if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
            else ()
        )
    except OSError:
        return ()


def run(*arguments):
    return subprocess.run(
        [*without_interfaces(), sys.executable, *arguments],
        cwd=TESTS.parent,
        env=WITHOUT_NETWORK,
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_no_network():
    ended = run("-c", "import socket; socket.create_connection(('127.0.0.1', 9))")
    assert "there is no network here: socket.getaddrinfo" in ended.stderr


# One invariant for each thing that is played; the deep run has them all.
SELECTED = (
    *("provider-fallback-chain", "exhaustion-names-every-provider", "keys-stay-with-their-provider"),
    *("text-comes-as-it-is-said", "token-counting-accuracy", "cost-per-1k-tokens"),
)


@pytest.mark.parametrize("selected", [SELECTED, pytest.param((), marks=pytest.mark.deep)])
def test_the_example_is_right_without_a_network(selected):
    select = [word for name in selected for word in ("--select", name)]
    ended = run("-m", "llminv", "run", "--no-write", "-n", "1", "--seed", "1", *select)
    assert (ended.returncode, ended.stdout.splitlines()[-1].endswith("Seed 1.")) == (0, True), (
        ended.stdout + ended.stderr
    )
