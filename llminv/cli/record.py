"""What a run leaves behind: new bugs in the ledger, and both documents brought up to date.

Planned before the audit, so that a folder that cannot be written to, a broken ledger or a document with
broken markers stops the run before any work is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.cli.project import BUGS, Project
from llminv.errors import UsageError
from llminv.evidence.bug import Bug, from_counterexample
from llminv.evidence.files import ensure_writable, write_atomically
from llminv.evidence.ledger import Ledger
from llminv.evidence.version import handler_version
from llminv.kinds import KINDS
from llminv.reports.documents import documents

if TYPE_CHECKING:
    from llminv.audit.events import Audit
    from llminv.reports.documents import Document


@dataclass(frozen=True)
class Records:
    """Where a run writes: documents into `folder`, bugs into `ledger`; nowhere if `reason` says why not.

    `known` are the bugs of the project's own ledger before the run.
    """

    project: Project
    known: tuple[Bug, ...]
    folder: Path
    ledger: Ledger
    reason: str = ""

    @classmethod
    def planned(cls, project: Project, spec: str, *, out: str | None, no_write: bool) -> Records:
        """Decide where to write, and raise UsageError or LedgerError for whatever would prevent it."""
        if out is not None and no_write:
            raise UsageError("--out and --no-write contradict each other", "leave one of them out")
        own = project.ledger
        known = own.bugs()
        if out is not None:
            records = cls(project, known, Path(out), Ledger(Path(out) / BUGS))
        else:
            reason = "--no-write" if no_write else _foreign(project, spec)
            records = cls(project, known, Path(), own, reason)
        if not records.reason:
            records.ensure_writable()
        return records

    @property
    def to_own_ledger(self) -> bool:
        """Whether what is found can be replayed by its id afterwards."""
        return not self.reason and self.ledger.folder == self.project.ledger.folder

    def ensure_writable(self) -> None:
        """Raise UsageError or LedgerError if `write` could not do its work."""
        for folder in (self.folder, self.ledger.folder):
            # A folder that is not there yet is made when there is something to put into it.
            ensure_writable(next(path for path in (folder, *folder.absolute().parents) if path.exists()))
        self._documents()

    def write(self, audit: Audit) -> Iterator[str]:
        """File the bugs that `audit` found, write what is stale, and yield a line for each thing done."""
        found = [
            (result.promise, counterexample)
            for result in audit.results
            for counterexample in result.counterexamples
            if counterexample.replayed
        ]
        if self.reason:
            if found:
                yield f"Nothing was recorded: {self.reason}."
            return
        version = handler_version(*located(audit.handler.spec)) if found else ""
        for promise, counterexample in found:
            bug = from_counterexample(
                promise,
                counterexample,
                audit.handler,
                version=version,
                seed=audit.seed,
                today=date.today(),  # noqa: DTZ011 - the day as the user's calendar has it
            )
            state = "recorded" if self.ledger.add(bug) else "known already"
            yield f"{self.ledger.folder / bug.id}.toml: {state}"
        for document in self._documents():
            if document.is_stale:
                write_atomically(document.path, document.new)
                yield f"{document.path}: written"

    def _documents(self) -> tuple[Document, ...]:
        return documents(self.folder, self.project.declarations.promises, self.ledger.bugs(), KINDS)


def _foreign(project: Project, spec: str) -> str:
    """Return why a run of this handler does not belong into the project's own documents, or ""."""
    configured = project.configured
    for name, used in (("handler", spec), ("invariants", project.config.invariants)):
        if used != getattr(configured, name):
            return f"--{name} is not the configured {getattr(configured, name)}; --out DIR keeps it elsewhere"
    return ""


def located(spec: str) -> tuple[Path | None, str | None]:
    """Return the file and the module that a handler spec names, without importing anything."""
    place = spec.rpartition(":")[0] if ":" in spec else spec
    if place.endswith(".py"):
        return Path(place), None
    search: list[str] | None = [str(Path.cwd()), *sys.path]
    origin = None
    for name in place.split("."):
        found = PathFinder.find_spec(name, search)
        if found is None:
            return None, place
        origin, search = found.origin, list(found.submodule_search_locations or ())
    return Path(origin) if origin else None, place
