"""verified.toml, beside the bugs: what `llminv verify` saw of each of them. It is llminv's; nobody edits it.

An entry counts for as long as the bug still says the same of where it was found and where it is fixed.
What no entry says, `standing` derives from the bug alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from llminv import __version__
from llminv.codec import to_json
from llminv.evidence import toml_text
from llminv.evidence.files import locked, read_text, write_atomically
from llminv.evidence.toml_file import TomlFile, nearest
from llminv.evidence.version import parse

if TYPE_CHECKING:
    from pathlib import Path

    from llminv.evidence.bug import Bug

VERIFIED_TOML = "verified.toml"
FORMAT = 1

_HEAD = "# What `llminv verify` saw when it played each bug where it was found and where it is fixed.\n\n"
_MEND = "delete the file: `llminv verify` writes it anew"


class BugStatus(StrEnum):
    """How things are with a bug."""

    OPEN = "open"
    VERIFIED = "fixed (verified)"
    UNVERIFIED = "fixed (unverified)"
    REGRESSED = "regressed"
    UNREPRODUCIBLE = "unreproducible"
    UNVERIFIABLE = "unverifiable"


# Those that say that there is a fix, and those that say whether there is one.
_FIXED = frozenset({BugStatus.VERIFIED, BugStatus.UNVERIFIED, BugStatus.REGRESSED})
_SAYS_ITSELF = _FIXED | {BugStatus.OPEN}


@dataclass(frozen=True)
class Standing:
    """A status with its reason, and the versions of the bug for which it was found out."""

    status: str
    reason: str = ""
    found_in: str = ""
    fixed_in: str = ""
    llminv_version: str = ""

    @property
    def shown(self) -> str:
        """Status and reason for a reader."""
        return f"{self.status}: {self.reason}" if self.reason else self.status


def standing(bug: Bug, verified: Mapping[str, Standing]) -> Standing:
    """Return how things are with `bug`, as far as that was verified."""
    entry = verified.get(bug.id)
    if entry is not None and (entry.found_in, entry.fixed_in) == (bug.found_in, bug.fixed_in):
        return entry
    if reason := unverifiable(bug):
        return Standing(BugStatus.UNVERIFIABLE, reason)
    if bug.fixed_in:
        return Standing(BugStatus.UNVERIFIED, "`llminv verify` has not played it there yet")
    return Standing(BugStatus.OPEN)


def unverifiable(bug: Bug) -> str:
    """Return why nobody can have the code again in which `bug` was found, or ""."""
    found, fixed = parse(bug.found_in), parse(bug.fixed_in)
    if fixed.packages and not fixed.commit:
        return ""  # the package is what was found and fixed, whatever calls it
    if found.is_dirty:
        return "uncommitted code"
    return "" if bug.found_in else "code under no version"


def read_verified(folder: Path) -> dict[str, Standing]:
    """Return the entries by the ids of their bugs; raise LedgerError, with the line, for a wrong one."""
    toml = _file(folder)
    if toml is None:
        return {}
    unknown = sorted(toml.data.keys() - {"format", "bugs"})
    if unknown:
        raise toml.wrong(unknown[0], f"the file has no field {unknown[0]!r}: it has format and bugs")
    entries = toml.data.get("bugs", {})
    if not isinstance(entries, dict):
        raise toml.wrong("bugs", "bugs is not a table")
    return {name: _entry(toml, name, value) for name, value in entries.items()}


def status_place(folder: Path, bug: Bug) -> str:
    """Return the file and the line of a bug's status."""
    toml = _file(folder)
    return toml.place(f"bugs.{bug.id}.status") if toml else str(folder / VERIFIED_TOML)


def _file(folder: Path) -> TomlFile | None:
    path = folder / VERIFIED_TOML
    text = read_text(path)
    return None if text is None else TomlFile(path, text, version=FORMAT, mend=_MEND)


def _entry(toml: TomlFile, name: str, value: object) -> Standing:
    entry: Standing = toml.read(Standing, value, f"bugs.{name}")
    if entry.status not in list(BugStatus):
        what = f"{entry.status!r} is no status{nearest(entry.status, BugStatus)}"
        raise toml.wrong(f"bugs.{name}.status", what)
    if entry.status in _SAYS_ITSELF and (entry.status in _FIXED) != bool(entry.fixed_in):
        what = f"{entry.status!r} contradicts fixed_in, which is {entry.fixed_in!r}"
        raise toml.wrong(f"bugs.{name}.status", what)
    return entry


def write_verified(folder: Path, new: Mapping[str, Standing], bugs: Sequence[Bug]) -> bool:
    """Put `new` into the file beside the `bugs`; entries of bugs that are gone go. Return whether it changed.

    Two processes that write at once both keep what they wrote.
    """
    known = {bug.id for bug in bugs}
    with locked(folder):
        entries = {**read_verified(folder), **new}
        kept = {name: to_json(entries[name]) for name in sorted(entries) if name in known}
        return write_atomically(
            folder / VERIFIED_TOML, _HEAD + toml_text.dumps({"format": FORMAT, "bugs": kept})
        )


def entry_for(bug: Bug, status: BugStatus, reason: str = "") -> Standing:
    """Return the entry of `bug` as it is now."""
    return Standing(status.value, reason, bug.found_in, bug.fixed_in, __version__)
