"""The two documents as files: what stands there, and what ought to.

Nothing is written here: a command writes the `new` text of the stale ones, or says that they are stale.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.evidence.files import read_text
from llminv.evidence.git import is_untracked
from llminv.evidence.markers import replace_between_markers
from llminv.evidence.proofs import read_proofs
from llminv.reports.bugs_md import VALIDATED_BUG_MD, Elsewhere, bugs_md
from llminv.reports.invariants_md import INVARIANTS_MD, invariants_md

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from llminv.declaration.promise import Promise
    from llminv.evidence.bug import Bug
    from llminv.evidence.ledger import Ledger
    from llminv.evidence.verified import Standing
    from llminv.kinds.interface import Kind


@dataclass(frozen=True)
class Document:
    """One document: `old` is None where there is no such file yet."""

    path: Path
    old: str | None
    new: str

    @property
    def is_untracked(self) -> bool:
        """Whether the file stands in a work tree whose git does not know it: then nobody else has it."""
        return is_untracked(self.path)

    @property
    def is_stale(self) -> bool:
        """Whether the file is missing or differs from what the declarations and the ledger give."""
        return self.old != self.new

    def diff(self) -> str:
        """Return the unified diff from the file to what it ought to be; empty where it is up to date."""
        name = self.path.name
        lines = difflib.unified_diff(
            (self.old or "").splitlines(keepends=True),
            self.new.splitlines(keepends=True),
            f"{name} (now)",
            f"{name} (up to date)",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def documents(
    folder: Path,
    promises: Iterable[Promise],
    ledger: Ledger,
    kinds: Mapping[str, Kind],
    others: Iterable[Ledger] = (),
) -> tuple[Document, Document]:
    """Return INVARIANTS.md and VALIDATED_BUG.md of `folder`, where both link to each other.

    The bugs of the `others` stand behind those of `ledger`, one section a library.
    Text outside the markers is kept; a new file gets a title there. Raise UsageError for a document that
    cannot be read or whose markers are broken, LedgerError for a file of the ledger that is wrong.
    """
    bugs = ledger.bugs()
    standings = ledger.standings(bugs)
    proofs = read_proofs(ledger.folder.parent)
    invariants = invariants_md(promises, bugs, standings, proofs, kinds)
    elsewhere = [Elsewhere(other.folder, bug, told) for other in others for bug, told in _told(other)]
    return (
        _document(folder / INVARIANTS_MD, "# Invariants", invariants),
        _document(folder / VALIDATED_BUG_MD, "# Validated bugs", bugs_md(bugs, standings, elsewhere)),
    )


def _told(ledger: Ledger) -> Iterator[tuple[Bug, Standing]]:
    bugs = ledger.bugs()
    standings = ledger.standings(bugs)
    yield from ((bug, standings[bug.id]) for bug in bugs)


def _document(path: Path, title: str, generated: str) -> Document:
    old = read_text(path)
    start = f"{title}\n" if old is None else old
    return Document(path, old, replace_between_markers(start, generated, str(path)))
