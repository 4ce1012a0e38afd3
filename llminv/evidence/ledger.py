"""The ledger: one TOML file for each bug, `<id>.toml`, in one folder (`invariants/bugs`).

llminv creates such a file once and never changes one: people fill in the fields that are theirs, and git
keeps the past. `verified.toml` and `proofs.toml` beside the bugs are no bugs. A file that cannot be read
is a `LedgerError` which names it, the line where that is known, and what to do.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from llminv.errors import LedgerError, UsageError
from llminv.evidence import toml_text
from llminv.evidence.bug import FORMAT, OWNED_BY_PEOPLE, Bug, BugKey
from llminv.evidence.files import read_text, write_new
from llminv.evidence.toml_file import TomlFile
from llminv.evidence.verified import VERIFIED_TOML, Standing, read_verified, standing
from llminv.evidence.version import parse
from llminv.simulation.faults import FAULTS
from llminv.simulation.transport import TRANSPORTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOT_BUGS = frozenset({VERIFIED_TOML, "proofs.toml"})

_HEAD = f"""\
# A bug that llminv found, and that failed again when it was replayed. llminv never changes this file.
# Yours to fill in, above the first [table], each a text: {", ".join(OWNED_BY_PEOPLE)};
# fixed_in is a commit, or package==version.
"""
_MEND = "mend the file, restore it with git, or delete it: the next run that finds the bug files it again"


class Ledger:
    """The recorded bugs of one folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def bugs(self) -> tuple[Bug, ...]:
        """Return all bugs in the order of their ids; raise LedgerError for the first that cannot be read."""
        files = sorted(self.folder.glob("*.toml"), key=lambda file: file.stem)
        return tuple(_read(file) for file in files if file.name not in NOT_BUGS)

    def standings(self, bugs: Iterable[Bug]) -> dict[str, Standing]:
        """Return how things are with each of these bugs, by its id; raise LedgerError for a wrong entry."""
        verified = read_verified(self.folder)
        return {bug.id: standing(bug, verified) for bug in bugs}

    def place(self, bug: Bug, field: str) -> str:
        """Return the file and the line of a field of a recorded bug."""
        file = self.folder / f"{bug.id}.toml"
        return TomlFile(file, read_text(file) or "", version=FORMAT, mend=_MEND).place(field)

    def find(self, key: BugKey) -> Bug | None:
        """Return the recorded bug with this key, or None."""
        return next((bug for bug in self.bugs() if bug.key == key), None)

    def get(self, bug_id: str) -> Bug:
        """Return the bug with this id; raise UsageError, with the nearest id, where there is none."""
        file = self.folder / f"{bug_id}.toml"
        ids = [path.stem for path in self.folder.glob("*.toml") if path.name not in NOT_BUGS]
        if bug_id in ids:
            return _read(file)
        near = difflib.get_close_matches(bug_id, ids, n=1)
        hint = f"did you mean {near[0]}?" if near else "`llminv bugs` names those that are recorded"
        raise UsageError(f"no bug {bug_id} is recorded in {self.folder}", hint=hint)

    def add(self, bug: Bug) -> bool:
        """Record `bug` and return True; return False, and change nothing, where it is recorded already.

        Of two processes that find the same bug at once, one records it. Raise LedgerError where the file
        of this id holds a different bug, UsageError where the folder cannot be written to.
        """
        if self.find(bug.key) is not None:
            return False
        file = self.folder / f"{bug.id}.toml"
        if write_new(file, _HEAD + "\n" + toml_text.dumps(bug.to_json())):
            return True
        if _read(file).key != bug.key:
            raise LedgerError(
                f"{file}: holds another bug than the one that llminv gives this name",
                hint="a field that llminv wrote was changed (handler, invariant, code, provider or "
                "fault_class): restore it with git, or rename the file and its id",
            )
        return False


def _read(file: Path) -> Bug:
    """Read one bug; every way in which the file can be wrong is a LedgerError."""
    try:
        text = read_text(file)
    except UsageError as error:
        raise LedgerError(error.message, hint=_MEND) from error
    if text is None:
        raise LedgerError(f"{file}: was deleted while the ledger was read", hint="try again")
    toml = TomlFile(file, text, version=FORMAT, mend=_MEND)
    bug: Bug = toml.read(Bug, toml.data)
    if problem := _contradiction(bug, file):
        raise toml.wrong(*problem)
    return bug


def _contradiction(bug: Bug, file: Path) -> tuple[str, str] | None:
    """Return the path of a field and what is wrong with it, where the fields do not fit together."""
    if bug.id != file.stem:
        return "id", f"id {bug.id!r} is not the name of the file"
    if bug.transport not in TRANSPORTS:
        return "transport", f"{bug.transport!r} is no transport: it is one of {', '.join(TRANSPORTS)}"
    for name in ("found_in", "fixed_in"):
        try:
            parse(getattr(bug, name))
        except ValueError as error:
            return name, f"{name}: {error}"
    providers = bug.promise.get("providers", {})
    for index, call in enumerate(bug.scenario.calls):
        if call.start is not None and call.start not in providers:
            path = f"scenario.calls[{index}].start"
            return path, f"the promise has no provider {call.start!r}{_one_of(providers)}"
    for index, script in enumerate(bug.scenario.acts):
        path = f"scenario.acts[{index}]"
        if script.provider not in providers:
            return f"{path}.provider", f"the promise has no provider {script.provider!r}{_one_of(providers)}"
        for act in (*script.attempts, script.then):
            if act.fault is not None and act.fault not in FAULTS:
                return path, f"{act.fault!r} is no fault that this llminv knows"
    return None


def _one_of(names: Iterable[str]) -> str:
    known = ", ".join(names)
    return f": it has {known}" if known else ""
