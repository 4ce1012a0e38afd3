"""The environments of libraries that cannot be installed together: `make environments` makes them."""

import sys
from pathlib import Path

import pytest

CURRENT = "current"
REPOSITORY = Path(__file__).resolve().parents[1]


def python_of(environment):
    """Return the interpreter of an environment, that of this process where it is the current one."""
    if environment == CURRENT:
        return Path(sys.executable)
    folder = REPOSITORY / f".venv-routers-{environment}"
    if not (folder / ".ready").exists():
        pytest.fail(f"there is no {folder.name}: run `make environments`")
    return folder / "bin/python"
