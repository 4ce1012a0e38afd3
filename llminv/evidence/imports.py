"""The installed packages that a handler's own files import, without importing anything.

Own files are those outside `site-packages`: the handler's and, one after the other, the project's that
they import. Of everything installed only what these import by name says which version was audited; what
that brings along is its own affair. What llminv gives to handlers is no package of theirs.
"""

from __future__ import annotations

import ast
import sys
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.handler.places import above_package, source_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_OURS = "llminv"
_MODULES = frozenset({".py", ".so", ".pyd"})
INSTALLED = "site-packages"


def located(spec: str, folder: Path, search: Sequence[str]) -> tuple[Path | None, str | None]:
    """Return the file and the module that a handler spec names in the project in `folder`.

    `search` are the folders of sys.path after those of the project. A file is as it stands in the spec.
    """
    place = spec.rpartition(":")[0] if ":" in spec else spec
    if place.endswith(".py"):
        return Path(place), None
    origin = None
    source = source_folder(place, folder)
    where = [*([] if source is None else [str(source)]), str(folder), *search]
    for name in place.split("."):
        found = PathFinder.find_spec(name, where)
        if found is None:
            return None, place
        origin, where = found.origin, list(found.submodule_search_locations or ())
    return Path(origin) if origin else None, place


def distributions_of(package: str, search: Sequence[str]) -> list[metadata.Distribution]:
    """Return the installed distributions that bring a top-level package, in the order of their names."""
    found = {each.name: each for each in metadata.distributions(path=[*search]) if package in _tops(each)}
    return [found[name] for name in sorted(found, key=str.lower)]


def imported_packages(file: Path, folder: Path, search: Sequence[str]) -> dict[str, str]:
    """Return the versions, by name, of the distributions that `file` needs.

    `folder` is the project's, `search` the sys.path of the handler's environment.
    """
    places = [str(file.parent), str(above_package(file)), str(folder), *search]
    waiting, seen = [file], set[Path]()
    packages: set[str] = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for level, parts in _imports(current):
            if level:
                waiting += _files(current.parents[min(level, len(current.parents)) - 1], parts)
            elif parts[0] not in sys.stdlib_module_names and parts[0] != _OURS:
                own = list(_own(parts, places))
                waiting += own
                packages.update(() if own else parts[:1])
    found = {
        each.name: each.version
        for each in metadata.distributions(path=[*search])
        if not packages.isdisjoint(_tops(each))
    }
    return {name: found[name] for name in sorted(found, key=str.lower)}


def _tops(distribution: metadata.Distribution) -> set[str]:
    """Return the names of the modules and packages that an installed distribution brings."""
    declared = (distribution.read_text("top_level.txt") or "").split()
    files: Iterable[Path] = map(Path, map(str, distribution.files or ()))
    return {*declared, *(file.parts[0].partition(".")[0] for file in files if file.suffix in _MODULES)}


def _imports(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the relative level and the dotted name of everything that `file` imports, anywhere in it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # its own error shows when it is loaded
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = node.module.split(".") if node.module else []
            yield from ((node.level, [*stem, alias.name]) for alias in node.names)


def _own(parts: list[str], search: list[str]) -> Iterator[Path]:
    """Yield the project's own files behind an absolute name; none where it is installed or not there."""
    found = PathFinder.find_spec(parts[0], search)
    if found is None:
        return
    places = list(found.submodule_search_locations or ()) or [found.origin or ""]
    for place in map(Path, places):
        if INSTALLED not in place.parts:
            yield from _files(place.parent, parts)


def _files(base: Path, parts: list[str]) -> Iterator[Path]:
    """Yield the files that are loaded for the dotted name below `base`."""
    for name in parts:
        base /= name
        yield from (file for file in (base.with_name(f"{name}.py"), base / "__init__.py") if file.is_file())
