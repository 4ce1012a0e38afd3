"""What a run leaves behind: new bugs in the ledger, and both documents brought up to date.

Planned before the audit, so that a folder that cannot be written to, a broken ledger or a document with
broken markers stops the run before any work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.cli.project import BUGS, Project
from llminv.errors import UsageError
from llminv.evidence.bug import Bug, from_counterexample
from llminv.evidence.environments import search_path
from llminv.evidence.files import ensure_writable, write_atomically
from llminv.evidence.ledger import Ledger
from llminv.evidence.version import Version, handler_version
from llminv.kinds import KINDS
from llminv.reports.documents import documents

if TYPE_CHECKING:
    from llminv.audit.events import Audit, HandlerInfo
    from llminv.reports.documents import Document

# So often documents are written while other processes write them, too.
ROUNDS_MAX = 5


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
            reason = "--no-write" if no_write else foreign(project, spec)
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

    def write(self, audit: Audit, transport: str) -> Iterator[str]:
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
        version = _version(audit.handler, self.project.python) if found else Version()
        for promise, counterexample in found:
            bug = from_counterexample(
                promise,
                counterexample,
                audit.handler,
                version=version,
                transport=transport,
                seed=audit.seed,
                today=date.today(),  # noqa: DTZ011 - the day as the user's calendar has it
                folder=Path.cwd(),
            )
            state = "recorded" if self.ledger.add(bug) else "known already"
            yield f"{self.ledger.folder / bug.id}.toml: {state}"
        yield from up_to_date(self._documents)

    def _documents(self) -> tuple[Document, ...]:
        is_own = self.ledger.folder == self.project.ledger.folder
        others = self.project.others if is_own else ()
        return documents(self.folder, self.project.declarations.promises, self.ledger, KINDS, others)


def _version(handler: HandlerInfo, python: Path | None) -> Version:
    """Return which code was audited: of a ready adapter the library that it is for, wherever that stands."""
    if handler.packages:
        return Version(packages=handler.packages)
    return handler_version(handler.spec, Path.cwd(), search_path(python))


def up_to_date(wanted: Callable[[], Sequence[Document]]) -> Iterator[str]:
    """Write the documents that are stale, and yield a line for each; `wanted` reads all anew.

    It asks again after it wrote: another process may have filed a bug in between, and would then have
    found these documents as they were before.
    """
    for _ in range(ROUNDS_MAX):
        stale = [document for document in wanted() if document.is_stale]
        if not stale:
            return
        for document in stale:
            write_atomically(document.path, document.new)
            yield f"{document.path}: written"


def foreign(project: Project, spec: str) -> str:
    """Return why a run of this handler does not belong into the project's own documents, or ""."""
    configured = project.configured
    for name, used in (("handler", spec), ("invariants", project.config.invariants)):
        if used != getattr(configured, name):
            return f"--{name} is not the configured {getattr(configured, name)}; --out DIR keeps it elsewhere"
    return ""
