"""Environments with chosen versions of packages, made when they are needed and kept for the next time.

They stand in the user's cache folder, one for each set of requirements, and nothing of llminv is installed
in them. They are made by pip, by the settings that the user has for it (indexes, proxies, certificates).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.errors import UsageError
from llminv.evidence.version import normalized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


_TIMEOUT_S = 1800
_READY = ".llminv-ready"


def search_path(python: Path | None) -> list[str]:
    """Return the sys.path of an interpreter, None: of this; raise UsageError if it does not run."""
    if python is None:
        return list(sys.path)
    command = [str(python), "-c", "import json, sys; print(json.dumps(sys.path[1:]))"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        found: list[str] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise UsageError(f"{python} does not run: {error}", "name an interpreter of Python") from None
    return found


def installed_in(search: Sequence[str]) -> dict[str, str]:
    """Return the versions of what is installed, by normalized names."""
    return {normalized(found.name): found.version for found in metadata.distributions(path=[*search])}


def has(installed: Mapping[str, str], requirements: Mapping[str, str | None]) -> bool:
    """Return whether all of these versions are among those installed."""
    return all(
        normalized(name) in installed and version in (None, installed[normalized(name)])
        for name, version in requirements.items()
    )


def environment(requirements: Mapping[str, str | None]) -> tuple[Path, Path]:
    """Return the interpreter of an environment with these packages, and the folder in which they are.

    Raise UsageError where pip cannot make it.
    """
    lines = sorted(f"{name}=={version}" if version else name for name, version in requirements.items())
    key = json.dumps([sys.version, sys.executable, lines])
    folder = _cache() / hashlib.sha256(key.encode()).hexdigest()[:24]
    python = folder / "bin" / "python"
    with _locked(folder.with_suffix(".lock")):
        if not (folder / _READY).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, symlinks=True, with_pip=False)
            _install(python, lines)
            (folder / _READY).touch()
    return python, next(folder.glob("lib/*/site-packages"))


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(root) if Path(root).is_absolute() else Path.home() / ".cache") / "llminv" / "environments"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Keep others who want the same environment waiting until it is there."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("w")
    except OSError as error:
        raise UsageError(
            f"cannot write {file}: {error.strerror}", hint="XDG_CACHE_HOME names another folder for caches"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(python: Path, lines: list[str]) -> None:
    """Let the pip of this environment install into the one with `python`, which has none of its own."""
    if find_spec("pip") is None:
        raise UsageError(
            f"there is no pip in {sys.prefix}, and an environment with {' '.join(lines)} is needed",
            hint=f"`{sys.executable} -m ensurepip` installs it",
        )
    command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    command += ["--no-input", "install", "--quiet", *lines]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"pip took more than {_TIMEOUT_S} s to install {' '.join(lines)}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")] or said
        raise UsageError(
            f"pip cannot install {' '.join(lines)}: {errors[-1] if errors else 'it gives no reason'}",
            hint=f"`pip download --no-deps {' '.join(lines)}` shows more",
        )
