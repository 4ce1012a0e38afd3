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


@dataclass(frozen=True)
class Records:
    """Where a run writes. `folder` is that of the documents, None where nothing is written, for `reason`.

    `recorded` are the bugs known before the run.
    """

    project: Project
    ledger: Ledger
    recorded: tuple[Bug, ...]
    folder: Path | None
    reason: str = ""

    @classmethod
    def planned(cls, project: Project, spec: str, *, out: str | None, no_write: bool) -> Records:
        """Decide where to write, and raise UsageError or LedgerError for whatever would prevent it."""
        own = project.ledger
        if out is not None:
            if no_write:
                raise UsageError("--out and --no-write contradict each other", "leave one of them out")
            folder = Path(out)
            ledger = Ledger(folder / BUGS)
            records = cls(project, ledger, (*own.bugs(), *ledger.bugs()), folder)
        elif no_write:
            records = cls(project, own, own.bugs(), None, "--no-write")
        elif spec != project.config.handler:
            records = cls(
                project, own, own.bugs(), None, f"the configured handler is {project.config.handler}"
            )
        else:
            records = cls(project, own, own.bugs(), Path())
        records._ensure_writable()
        return records

    def write(self, audit: Audit) -> Iterator[str]:
        """File the bugs that `audit` found, write what is stale, and yield a line for each thing done."""
        if self.folder is None:
            if any(found.replayed for result in audit.results for found in result.counterexamples):
                yield f"Nothing was recorded ({self.reason}): `llminv replay` needs --out DIR."
            return
        version = ""
        for result in audit.results:
            for found in result.counterexamples:
                if not found.replayed:
                    continue
                version = version or handler_version(*located(audit.handler.spec))
                bug = from_counterexample(
                    result.promise,
                    found,
                    audit.handler,
                    version=version,
                    seed=audit.seed,
                    today=date.today(),  # noqa: DTZ011 - the day as the user's calendar has it
                )
                new = self.ledger.add(bug)
                yield f"{self.ledger.folder / bug.id}.toml: {'recorded' if new else 'known already'}"
        promises = self.project.declarations.promises
        for document in documents(self.folder, promises, self.ledger.bugs(), KINDS):
            if document.is_stale:
                write_atomically(document.path, document.new)
                yield f"{document.path}: written"

    def _ensure_writable(self) -> None:
        if self.folder is None:
            return
        for folder in (self.folder, self.ledger.folder):
            # A folder that is not there yet is made when there is something to put into it.
            ensure_writable(next(path for path in (folder, *folder.absolute().parents) if path.exists()))
        documents(self.folder, self.project.declarations.promises, self.ledger.bugs(), KINDS)


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
