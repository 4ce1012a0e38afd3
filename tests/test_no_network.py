"""The whole audit needs no network: it passes where there is none at all, not even a loopback interface."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNSHARE = [shutil.which("unshare") or "unshare", "--net", "--map-root-user"]


def allowed() -> bool:
    """Whether this user may make a network namespace, which is the kernel's decision."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not allowed(), reason="the kernel lets this user make no network namespace")
def test_the_example_is_audited_without_a_network():
    llminv = [sys.executable, "-m", "llminv", "run", "--no-write", "-n", "20", "--seed", "1"]
    run = subprocess.run([*UNSHARE, *llminv], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.splitlines()[-1].endswith("Seed 1.")) == (0, True), (
        run.stdout + run.stderr
    )
