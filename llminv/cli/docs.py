"""`llminv docs`: INVARIANTS.md and VALIDATED_BUG.md, from the declarations and the ledger, without a run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.project import Project
from llminv.cli.screen import screen_of
from llminv.evidence.files import ensure_writable, write_atomically
from llminv.kinds import KINDS
from llminv.reports.documents import documents

if TYPE_CHECKING:
    from llminv.reports.documents import Document


def docs(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a file is stale or not in git.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what is or would be changed.")] = False,
) -> int:
    """Bring INVARIANTS.md and VALIDATED_BUG.md up to date."""
    screen = screen_of(context)
    project = Project.here()
    found = documents(Path(), project.declarations.promises, project.ledger, KINDS, project.others)
    if not check and any(document.is_stale for document in found):
        ensure_writable(Path())
    for document in found:
        if document.is_stale and not check:
            write_atomically(document.path, document.new)
        screen.out(f"{document.path}: {_state(document, check=check)}")
        if diff and document.is_stale:
            screen.out(document.diff().rstrip("\n"))
    if not check:
        return Exit.FINE
    if any(document.is_stale for document in found):
        screen.err("help: `llminv docs` brings them up to date")
    untracked = [str(document.path) for document in found if document.is_untracked]
    if untracked:
        screen.err(f"help: `git add {shlex.join(untracked)}` lets others have them")
    return Exit.VIOLATED if untracked or any(document.is_stale for document in found) else Exit.FINE


def _state(document: Document, *, check: bool) -> str:
    if document.is_stale and not check:
        return "written"
    if document.old is None:
        return "missing"
    state = "stale" if document.is_stale else "up to date"
    return f"{state}, not tracked by git" if check and document.is_untracked else state
