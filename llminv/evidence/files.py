"""Writing files so that a reader, or a power cut, never meets half of one, and no two writers each other.

Text goes to a temporary file in the same folder, is flushed to the disk, and takes its place in one
step: a process killed at any moment leaves the old file or the new one. What the machine refuses is a
`UsageError` that names the path.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def write_atomically(path: Path, text: str) -> bool:
    """Make `text` the content of `path` in one step; return False where it already was.

    Line ends are written as they are. The permissions of an old file are kept, and a symbolic link
    stays one: the file that it points to is replaced.
    """
    path = path.resolve()
    content = text.encode()
    with _as_usage_error("write", path):
        if path.exists() and path.read_bytes() == content:
            return False
        with _temporary(path, content) as temporary:
            temporary.replace(path)
    return True


def write_new(path: Path, text: str) -> bool:
    """Create `path` with `text` in one step; return False, and change nothing, where it exists.

    Of two processes that create the same file at once exactly one succeeds. It is a hard link to the
    temporary file that decides, so the file system has to know hard links.
    """
    with _as_usage_error("write", path), _temporary(path, text.encode()) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    return True


def ensure_writable(folder: Path) -> None:
    """Raise UsageError unless files can be created in `folder`, which is created where it is missing."""
    with _as_usage_error("write to", folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Permission bits say nothing about a read-only mount and nothing to root: only trying does.
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that lock `folder` waiting: between reading a file and writing it anew."""
    with _as_usage_error("lock", folder):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        with _as_usage_error("lock", folder):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_text(path: Path) -> str | None:
    """Return the text of `path` with its line ends as they are, or None where there is no such file."""
    try:
        with _as_usage_error("read", path):
            return path.read_bytes().decode() if path.exists() else None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None


@contextmanager
def _temporary(path: Path, content: bytes) -> Iterator[Path]:
    """Yield a file beside `path` that holds `content`, safely on the disk; it is gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(path))
        yield temporary
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _mode(path: Path) -> int:
    """Return the permissions of `path`, or those that a new file gets (mkstemp gives its owner's only)."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextmanager
def _as_usage_error(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot {verb} {path}: {error.strerror or error}",
            hint="check the path, its permissions and the free space, or name another folder",
        ) from error
