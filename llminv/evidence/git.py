"""What llminv asks of git: commits, what is tracked, and work trees of old commits in a temporary folder.

The user's work tree, index and stash are never touched. The user's configuration stays in force: without
`safe.directory` or `core.autocrlf` git would refuse a work tree or call all of it changed. What would
change the meaning is switched off: the variables that a git hook exports point to another repository,
the file monitor and hooks run programs, and refreshing the index would write to it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 120
_OPTIONS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def git(folder: Path, *arguments: str) -> str | None:
    """Return what a git command prints, or None where it fails or there is no git."""
    try:
        return _run(folder, *arguments)
    except (OSError, subprocess.SubprocessError):
        return None


def top_of(folder: Path) -> Path | None:
    """Return the top of the work tree that `folder` is in, or None."""
    top = git(folder, "rev-parse", "--show-toplevel")
    return Path(top.rstrip("\n")) if top else None


def commit_of(folder: Path, name: str) -> str | None:
    """Return the 40 digits of the commit that a hash, a tag or a branch names, or None."""
    found = git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return found.strip() if found else None


def is_in_head(folder: Path, commit: str) -> bool:
    """Return whether what is checked out descends from `commit`."""
    return git(folder, "merge-base", "--is-ancestor", commit, "HEAD") is not None


def is_untracked(file: Path) -> bool:
    """Return whether `file` stands in a work tree whose git does not know it."""
    folder = file.absolute().parent
    return (
        git(folder, "rev-parse", "--is-inside-work-tree") is not None
        and git(folder, "ls-files", "--error-unmatch", "--", file.name) is None
    )


@contextmanager
def worktree(top: Path, commit: str) -> Iterator[Path]:
    """Yield the top of a work tree of `commit` in a temporary folder; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="llminv-") as temporary:
        folder = Path(temporary).resolve() / "tree"
        try:
            _run(top, "worktree", "add", "--quiet", "--detach", str(folder), commit)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            raise UsageError(
                f"git cannot check out {commit[:12]} in a folder of its own: {_last_line(os.fsdecode(said))}",
                hint="`git worktree add` has to work in this repository",
            ) from None
        try:
            yield folder
        finally:
            git(top, "worktree", "remove", "--force", str(folder))


def _run(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    done = subprocess.run(
        ["git", "-C", str(folder), *_OPTIONS, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    return os.fsdecode(done.stdout)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
