"""Which files are read, and what messages call them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llminv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES = (".yaml", ".yml")
_LLMINV = Path(__file__).parents[1]
_PACKAGED = _LLMINV / "packaged"
# The declarations that come with llminv stand in `invariants/` of the repository; a wheel has a copy.
PACKAGED = _PACKAGED if _PACKAGED.is_dir() else _LLMINV.parent / "invariants"

# What to do when there is nothing to read.
INIT = "`llminv init` writes declarations to start from"


def yaml_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that `paths` (files and folders) stand for, each once, in order.

    A folder stands for the YAML files that lie in it directly, sorted by name, without hidden ones.
    Raises UsageError for a path that does not exist and for a folder without a YAML file.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"{shown_path(path)}: no such file or folder", INIT)
        for each in _in_folder(path) if path.is_dir() else [path]:
            found.setdefault(each.absolute(), each)
    return list(found.values())


def _in_folder(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"{shown_path(folder)}: cannot be read: {error.strerror}") from None
    found = [
        entry
        for entry in entries
        if entry.suffix in SUFFIXES and not entry.name.startswith(".") and not entry.is_dir()
    ]
    if not found:
        raise UsageError(f"{shown_path(folder)}: the folder holds no YAML file", INIT)
    return found


def shown_path(path: Path) -> str:
    """Return what messages, and records, call a file: relative to the current folder when it lies below it.

    One that came with llminv is below `<llminv>` then, wherever and however that is installed.
    """
    absolute = path.absolute()
    for folder, name in ((Path.cwd(), ""), (PACKAGED, "<llminv>/packaged/"), (_LLMINV, "<llminv>/")):
        if absolute.is_relative_to(folder):
            return name + absolute.relative_to(folder).as_posix()
    return path.as_posix()
