"""Which version of the handler was audited, as one line of text that a bug records.

git <40 hex digits>            the commit, and nothing in the work tree differs from it
git <40 hex digits> dirty      the commit does not hold what ran: a tracked file was changed, or a
                               Python file is not tracked; what llminv itself writes does not count
<distribution>==<version>      an installed package
unversioned                    neither
"""

from __future__ import annotations

import os
import subprocess
from importlib import metadata
from pathlib import Path

UNVERSIONED = "unversioned"

_GIT_TIMEOUT_S = 30
_WRITTEN_BY_LLMINV = ("INVARIANTS.md", "VALIDATED_BUG.md")


def handler_version(file: Path | None, module: str | None) -> str:
    """Return the version of the handler in `file` or of `module`, in the words of the head of this file."""
    if file is not None and (version := _git_version(file.resolve())):
        return version
    if module and (version := _distribution_version(module.partition(".")[0], file)):
        return version
    return UNVERSIONED


def _git_version(file: Path) -> str | None:
    """Return the commit that `file` belongs to; an installed or ignored file belongs to none."""
    if (
        "site-packages" in file.parts
        or _git(file.parent, "check-ignore", "--quiet", "--", file.name) is not None
    ):
        return None
    commit = _git(file.parent, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changes = _git(file.parent, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    is_clean = changes is not None and not any(map(_counts, changes.split("\0")))
    return f"git {commit.strip()}" if is_clean else f"git {commit.strip()} dirty"


def _counts(change: str) -> bool:
    """Say whether one line of `git status` means that the commit may not hold what ran."""
    state, name = change[:2], change[3:]
    path = Path(name)
    if not state or path.name in _WRITTEN_BY_LLMINV:
        return False
    if path.suffix == ".toml" and path.parent.name == "bugs":
        return False
    # A virtual environment inside the work tree has a version of its own.
    return state != "??" or (path.suffix == ".py" and "site-packages" not in path.parts)


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what a git command prints, or None where it fails or there is no git.

    The user's configuration stays in force: without `safe.directory` or `core.autocrlf` git would refuse
    a work tree or call all of it changed. What would change the meaning is switched off: the variables
    that a git hook exports point to another repository, the file monitor runs a program, and refreshing
    the index would write to it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout)


def _distribution_version(package: str, file: Path | None) -> str | None:
    """Return name and version of the installed distribution that brings `package`."""
    names = sorted(set(metadata.packages_distributions().get(package, ())))
    if len(names) > 1 and file is not None:
        # Several distributions share a namespace package: the one that brought the file counts.
        names = [name for name in names if _brings(name, file)] or names
    return f"{names[0]}=={metadata.version(names[0])}" if names else None


def _brings(name: str, file: Path) -> bool:
    files = metadata.files(name) or ()
    return any(Path(str(entry.locate())).resolve() == file.resolve() for entry in files)
