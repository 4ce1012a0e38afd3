"""`llminv bugs`: the recorded bugs as a table; `llminv bugs show BUG`: one of them whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.list import aligned
from llminv.cli.project import Project
from llminv.cli.screen import ColorOption, Screen, screen_of, wrapped
from llminv.declaration.fields import near
from llminv.errors import UsageError
from llminv.evidence.bug import accepted_because
from llminv.evidence.ledger import Ledger
from llminv.evidence.version import parse
from llminv.kinds import KINDS
from llminv.reports.color import wants_color
from llminv.reports.text import folded

if TYPE_CHECKING:
    from llminv.evidence.bug import Bug
    from llminv.evidence.verified import Standing

HEAD = ("BUG", "INVARIANT", "STATUS", "TITLE")
SHOW = "show"


def bugs(
    context: typer.Context,
    what: Annotated[str | None, typer.Argument(metavar="[show]", help="Show one, whole.")] = None,
    bug: Annotated[
        str | None, typer.Argument(metavar="[BUG]", help="The id of a recorded bug, or its file.")
    ] = None,
    color: ColorOption = "auto",
) -> int:
    """List the recorded bugs, or show one."""
    del color  # the screen has it
    screen, project = screen_of(context), Project.here()
    if what is None:
        _list(project, screen)
    elif what != SHOW:
        raise UsageError(f"there is no `llminv bugs {what}`{near(what, [SHOW])}")
    elif bug is None:
        raise UsageError("missing argument 'BUG'", "`llminv bugs` names those that are recorded")
    else:
        recorded, ledger = recorded_bug(bug, project)
        screen.out("\n".join(_whole(recorded, ledger.standings([recorded])[recorded.id], screen)))
    return Exit.FINE


def recorded_bug(word: str, project: Project) -> tuple[Bug, Ledger]:
    """Return the bug that a word on the command line means, an id or a path to a file, and its ledger."""
    path = Path(word)
    if path.suffix != ".toml":
        return project.ledger.get(word), project.ledger
    if not path.is_file():
        raise UsageError(f"{path}: no such file", "`llminv bugs` names the bugs that are recorded")
    ledger = Ledger(path.parent)
    return ledger.get(path.stem), ledger


def _list(project: Project, screen: Screen) -> None:
    ledger = project.ledger
    recorded = ledger.bugs()
    standings = ledger.standings(recorded)
    promises = {promise.invariant.id: promise for promise in project.declarations.promises}
    rows = []
    for bug in recorded:
        promise = promises.get(bug.invariant)
        reason = accepted_because(promise, bug.id, bug) if promise else bug.accepted
        status = standings[bug.id].status + (", accepted" if reason else "")
        rows.append((bug.id, bug.invariant, status, folded(bug.title)))
    if not rows:
        screen.err("No bug is recorded.")
        return
    for line in aligned([HEAD, *rows]):
        screen.out(line)


def _whole(bug: Bug, standing: Standing, screen: Screen) -> Iterator[str]:
    """Yield the lines of one bug: what it is, the timeline as it was recorded, and the judgement."""
    from llminv.reports.terminal import terminal_width
    from llminv.reports.terminal_report import render_history

    width = terminal_width(sys.stdout)
    yield f"{bug.id}: {standing.status}"
    kind = KINDS.get(bug.kind)
    yield from wrapped(kind.codes.get(bug.code, bug.code) if kind else bug.code, width)
    yield ""
    for name, text in _fields(bug, standing):
        if text:
            yield from wrapped(f"  {name:<12}{folded(text)}", width, " " * 14)
    yield ""
    color = wants_color(screen.color, sys.stdout, os.environ)
    yield render_history(bug.scenario, bug.history, width=width, color=color).rstrip("\n")
    yield ""
    yield from wrapped(f"  Expected    {folded(bug.expected)}", width, " " * 14)
    yield from wrapped(f"  Observed    {folded(bug.observed)}", width, " " * 14)
    yield ""
    yield f"  llminv replay {bug.id}"


def _fields(bug: Bug, standing: Standing) -> Iterator[tuple[str, str]]:
    yield "Invariant", f"{bug.title} ({bug.invariant}, kind {bug.kind})"
    yield "Statement", bug.statement
    yield "Finding", bug.code
    yield "Handler", f"{bug.handler} ({parse(bug.found_in).shown})"
    yield "Found", f"{bug.found_on}, seed {bug.seed}, {bug.transport}, llminv {bug.llminv_version}"
    yield "Status", standing.shown
    yield "Root cause", bug.root_cause
    yield "Fixed in", bug.fixed_in
    yield "Reference", bug.reference
    yield "Accepted", bug.accepted
