"""Verification: each bug is played where it was found, and has to fail, and at its fix, and has to pass.

A commit is played in a work tree of its own, with the packages that were there when the bug was found;
versions of packages other than those here get an environment of their own. The promise is the recorded
one, the checker today's, and the handler always runs in a process of its own. Where `fixed_in` names
packages alone, these are what was wrong: both plays then take the handler from the checkout.

A fix that was seen to hold is played once more on the checkout, if that has it: a bug that shows there
has come back.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from llminv.errors import HandlerError, LedgerError, UsageError
from llminv.evidence import environments
from llminv.evidence.git import commit_of, is_in_head, top_of, worktree
from llminv.evidence.imports import INSTALLED, located
from llminv.evidence.machine import without_folders
from llminv.evidence.replay import Outcome, replay
from llminv.evidence.verified import BugStatus, Standing, entry_for, unverifiable
from llminv.evidence.version import Version, normalized, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llminv.evidence.bug import Bug
    from llminv.evidence.ledger import Ledger
    from llminv.kinds.interface import Kind

_REASON_CHARACTERS_MAX = 300


@dataclass(frozen=True)
class _Code:
    """Code to play: a commit, or the checkout as it is, with packages (None: in whichever version)."""

    commit: str | None = None
    packages: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class _Played:
    outcome: Outcome
    reason: str = ""


class Verifier:
    """Verifies bugs of one ledger.

    `folder` is the project's, which handler specs are relative to, and `python` the interpreter that has
    the handler's libraries (None: that of this process).
    """

    def __init__(
        self,
        ledger: Ledger,
        kinds: Mapping[str, Kind],
        *,
        folder: Path,
        limit_s: float,
        python: Path | None = None,
    ) -> None:
        self._ledger = ledger
        self._kinds = kinds
        self._folder = folder.resolve()
        self._limit_s = limit_s
        self._top = top_of(self._folder)
        self._python = python
        self._search = environments.search_path(python)
        self._installed = environments.installed_in(self._search)

    def ensure_fix_exists(self, bug: Bug) -> None:
        """Raise LedgerError, with the place, for a `fixed_in` that can be no fix of this bug."""
        found, fixed = parse(bug.found_in), parse(bug.fixed_in)
        if fixed.is_dirty:
            raise self._wrong(bug, "what is not committed can be no fix")
        if fixed.commit and self._commit(fixed.commit) is None:
            raise self._wrong(bug, f"there is no commit {fixed.commit} in this repository")
        recorded = set(map(normalized, found.packages))
        if unknown := [name for name in fixed.packages if normalized(name) not in recorded]:
            raise self._wrong(bug, f"the bug was found with no version of {', '.join(unknown)}: see found_in")

    def verify(self, bug: Bug) -> Standing:
        """Return how things are with `bug`; raise LedgerError where its fix does not exist."""
        self.ensure_fix_exists(bug)
        if reason := unverifiable(bug):
            return entry_for(bug, BugStatus.UNVERIFIABLE, reason)
        found, fixed = parse(bug.found_in), parse(bug.fixed_in)
        is_of_packages = bool(fixed.packages) and not fixed.commit
        code = _Code(None if is_of_packages else self._commit(found.commit), found.packages)
        if found.commit and not is_of_packages and code.commit is None:
            reason = f"{Version(found.commit).shown} is not in this repository"
            return entry_for(bug, BugStatus.UNVERIFIABLE, reason)
        where = _named(found, fixed)
        try:
            before = self._play(bug, code)
        except UsageError as error:
            return entry_for(bug, BugStatus.UNVERIFIABLE, error.message)
        if before.outcome is Outcome.UNKNOWN:
            return entry_for(bug, BugStatus.UNVERIFIABLE, f"on {where}: {before.reason}")
        if before.outcome is Outcome.PASSES:
            return entry_for(bug, BugStatus.UNREPRODUCIBLE, f"it PASSES on {where}")
        if not bug.fixed_in:
            return entry_for(bug, BugStatus.OPEN, f"it FAILS on {where}")
        return self._fixed(bug, found, fixed, f"it FAILS on {where}")

    def _fixed(self, bug: Bug, found: Version, fixed: Version, before: str) -> Standing:
        """Return how things are with a bug that shows where it was found, and is said to be fixed."""
        named = {normalized(name) for name in fixed.packages}
        packages: dict[str, str | None] = dict(fixed.packages)
        for name, version in found.packages.items():
            if normalized(name) not in named:
                packages[name] = None if named else version
        try:
            after = self._play(bug, _Code(self._commit(fixed.commit), packages))
        except UsageError as error:
            raise self._wrong(bug, error.message, error.hint) from error
        where = fixed.shown
        if after.outcome is Outcome.UNKNOWN:
            return entry_for(bug, BugStatus.UNVERIFIED, f"{before}; on {where}: {after.reason}")
        if after.outcome is Outcome.FAILS:
            return entry_for(bug, BugStatus.UNVERIFIED, f"{before}, and still on {where}")
        if self._is_here(fixed) and self._play(bug, _Code()).outcome is Outcome.FAILS:
            here = "the checkout" if fixed.commit else "what is installed here"
            return entry_for(bug, BugStatus.REGRESSED, f"it PASSES on {where}, and FAILS again on {here}")
        return entry_for(bug, BugStatus.VERIFIED, f"{before} and PASSES on {where}")

    def _is_here(self, fixed: Version) -> bool:
        """Return whether the checkout, or what is installed here, has this fix: itself or what came after."""
        if fixed.commit:
            commit = self._commit(fixed.commit)
            return commit is not None and is_in_head(self._folder, commit)
        return all(
            self._installed.get(normalized(name)) == version
            or _release(self._installed.get(normalized(name), "")) > _release(version)
            for name, version in fixed.packages.items()
        )

    def _play(self, bug: Bug, code: _Code) -> _Played:
        """Play `bug` on `code`; raise UsageError where that code cannot be had."""
        python = self._python
        installed: tuple[Path, ...] = ()
        if not environments.has(self._installed, code.packages):
            python, site = environments.environment(code.packages)
            installed = (site,)  # before whatever PYTHONPATH says
        with self._tree(code.commit) as (folder, own):
            path = (*own, *installed)
            if reason := self._elsewhere(bug.handler, folder, path):
                return _Played(Outcome.UNKNOWN, reason)
            try:
                result = replay(
                    bug, self._kinds, limit_s=self._limit_s, folder=folder, python=python, path=path
                )
            except HandlerError as error:
                return _Played(Outcome.UNKNOWN, _told(error.message, folder))
            return _Played(result.outcome, _told(result.reason, folder))

    @contextmanager
    def _tree(self, commit: str | None) -> Iterator[tuple[Path, tuple[Path, ...]]]:
        """Yield the project's folder at `commit`, and what else of the repository modules are found in."""
        top = self._top or self._folder
        own = _path_within(top, self._search)
        if commit is None:
            yield self._folder, own
            return
        with worktree(top, commit) as tree:
            path = tuple(tree / folder.relative_to(top) for folder in own)
            yield tree / self._folder.relative_to(top.resolve()), path

    def _elsewhere(self, spec: str, folder: Path, path: tuple[Path, ...]) -> str:
        """Return why the handler would not be that of the work tree around `folder`, or ""."""
        if folder == self._folder:
            return ""
        file, _ = located(spec, folder, [*map(str, path), *self._search])
        if file is None:
            return f"there is no {spec}"
        if self._top is not None and (folder / file).resolve().is_relative_to(self._top.resolve()):
            return f"{spec} is found in the checkout only"
        return ""

    def _commit(self, name: str) -> str | None:
        return commit_of(self._top, name) if name and self._top else None

    def _wrong(self, bug: Bug, message: str, hint: str = "") -> LedgerError:
        place = self._ledger.place(bug, "fixed_in")
        return LedgerError(
            f"{place}: fixed_in: {message}",
            hint=hint or "name the commit of the fix, or versions of the packages in found_in",
        )


def _named(found: Version, fixed: Version) -> str:
    """Return what of `found` matters: the commit, or the packages that the fix is about."""
    if found.commit and not (fixed.packages and not fixed.commit):
        return Version(found.commit).shown
    about = set(map(normalized, fixed.packages)) or set(map(normalized, found.packages))
    return Version(packages={n: v for n, v in found.packages.items() if normalized(n) in about}).shown


def _path_within(top: Path, search: Sequence[str]) -> tuple[Path, ...]:
    """Return the folders of the repository that modules come from, those of editable installs included."""
    folders = [Path(entry) for entry in search if entry]
    for distribution in metadata.distributions(path=[*search]):
        url = json.loads(distribution.read_text("direct_url.json") or "{}")
        if url.get("dir_info", {}).get("editable"):
            project = Path(unquote(urlsplit(url["url"]).path))
            folders += [project, project / "src"]
    inside = (folder for folder in folders if folder.is_relative_to(top) and INSTALLED not in folder.parts)
    return tuple(dict.fromkeys(inside))


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, an epoch left out: what has greater ones came later."""
    numbers = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, numbers[1].split("."))) if numbers else ()


def _told(reason: str, folder: Path) -> str:
    """Return a reason on one line, as it reads on any machine."""
    text: str = without_folders(" ".join(reason.split()), folder)
    return text[:_REASON_CHARACTERS_MAX]
