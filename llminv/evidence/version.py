"""Which code was audited, or holds a fix: a version, as words on one line.

<commit>                  a commit of the handler's repository: 40 hex digits, or whatever git knows
dirty                     the commit does not hold what ran: a tracked file was changed, or a Python file
                          is not tracked; what llminv itself writes does not count
<package>==<version>      an installed package: the handler's own, or one that its files import

No words mean that the code is under no version at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.evidence.git import git
from llminv.evidence.imports import INSTALLED, distributions_of, imported_packages, located

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import Distribution

UNVERSIONED = "unversioned"

_DIRTY = "dirty"
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)")
_COMMIT = re.compile(r"[A-Za-z0-9][\w./-]*")
_WRITTEN_BY_LLMINV = ("INVARIANTS.md", "VALIDATED_BUG.md")


@dataclass(frozen=True)
class Version:
    """A commit, or "" for none, and versions of packages by their names."""

    commit: str = ""
    is_dirty: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        pins = [f"{name}=={version}" for name, version in self.packages.items()]
        return " ".join(filter(None, [self.commit, _DIRTY if self.is_dirty else "", *pins]))

    @property
    def shown(self) -> str:
        """The version for a reader: a hash is cut as git cuts it."""
        cut = self.commit[:12] if re.fullmatch(r"[0-9a-f]{40}", self.commit) else self.commit
        return str(replace(self, commit=f"commit {cut}" if cut else "")) or UNVERSIONED


def parse(text: str) -> Version:
    """Read what `str(Version)` gives, or a person wrote; raise ValueError with what is wrong in it."""
    commit, is_dirty, packages = "", False, {}
    for word in text.split():
        if pin := _PIN.fullmatch(word):
            packages[pin[1]] = pin[2]
        elif word == _DIRTY:
            is_dirty = True
        elif commit or not _COMMIT.fullmatch(word):
            raise ValueError(f"found {word!r}, expected a commit, or package==version")
        else:
            commit = word
    if is_dirty and not commit:
        raise ValueError("found 'dirty' without a commit")
    return Version(commit, is_dirty, packages)


def normalized(name: str) -> str:
    """Return the one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def handler_version(spec: str, folder: Path, search: Sequence[str]) -> Version:
    """Return the version of the handler that `spec` names in the project in `folder`.

    `search` is the sys.path of the handler's environment.
    """
    file, module = located(spec, folder, search)
    if module and (file is None or INSTALLED in file.parts):
        return Version(packages=_distribution(module.partition(".")[0], file, search))
    if file is None:
        return Version()
    file = (folder / file).resolve()
    commit, is_dirty = _commit(file)
    return Version(commit, is_dirty, imported_packages(file, folder, search))


def _commit(file: Path) -> tuple[str, bool]:
    """Return the commit that `file` belongs to, "" for an ignored one, and whether it is dirty."""
    folder = file.parent
    if git(folder, "check-ignore", "--quiet", "--", file.name) is not None:
        return "", False
    commit = git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return "", False
    changes = git(folder, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    return commit.strip(), changes is None or any(map(_counts, changes.split("\0")))


def _counts(change: str) -> bool:
    """Say whether one line of `git status` means that the commit may not hold what ran."""
    state, name = change[:2], change[3:]
    path = Path(name)
    if not state or path.name in _WRITTEN_BY_LLMINV:
        return False
    if path.suffix == ".toml" and path.parent.name == "bugs":
        return False
    # A virtual environment inside the work tree has a version of its own.
    return state != "??" or (path.suffix == ".py" and INSTALLED not in path.parts)


def _distribution(package: str, file: Path | None, search: Sequence[str]) -> dict[str, str]:
    """Return name and version of the installed distribution that brings `package`."""
    found = distributions_of(package, search)
    if len(found) > 1 and file is not None:
        # Several distributions share a namespace package: the one that brought the file counts.
        found = [each for each in found if _brings(each, file)] or found
    return {each.name: each.version for each in found[:1]}


def _brings(distribution: Distribution, file: Path) -> bool:
    files = distribution.files or ()
    return any(Path(str(entry.locate())).resolve() == file.resolve() for entry in files)
