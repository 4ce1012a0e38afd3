"""Where the module of a handler spec stands on disk: in a package, or below the folder `src` of a project."""

from __future__ import annotations

import sys
from pathlib import Path

SRC = "src"


def above_package(file: Path) -> Path:
    """Return the folder that has to be on the path for the package in which `file` stands."""
    return next(folder for folder in file.parents if not (folder / "__init__.py").is_file())


def module_in_package(file: Path) -> str:
    """Return the dotted name of `file` in its package, or "" where it is to be loaded by itself.

    A package that is called as a module of Python's own is would hide that from everybody.
    """
    parts = list(file.with_suffix("").relative_to(above_package(file)).parts)
    if len(parts) == 1 or parts[0] in sys.stdlib_module_names or not all(map(str.isidentifier, parts)):
        return ""
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def source_folder(module: str, project: Path) -> Path | None:
    """Return `src` of the project, where that and not the project's folder holds the package of `module`."""
    name = module.partition(".")[0]
    source = project / SRC
    if _holds(project, name) or not (_holds(source, name) or (source / name).is_dir()):
        return None
    return source


def own_place(module: str, project: Path) -> Path | None:
    """Return what is called as the package of `module` is, in the project's folder or just below."""
    name = module.partition(".")[0]
    folders = [project, *sorted(each for each in project.iterdir() if each.is_dir() and each.name[0] != ".")]
    for place in (folder / name for folder in folders if name):
        if any(place.rglob("*.py")):
            return place
        if place.with_name(f"{name}.py").is_file():
            return place.with_name(f"{name}.py")
    return None


def _holds(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()
