"""`llminv export pytest DIR`: the invariants as Hypothesis test modules, to read and to own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.project import Project
from llminv.cli.screen import screen_of
from llminv.errors import UsageError
from llminv.evidence.files import ensure_writable, read_text, write_atomically
from llminv.kinds import KINDS
from llminv.reports.pytest_modules import WRITTEN_BY, pytest_modules


def export_pytest(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the modules go.")],
    handler: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Test this handler; the configured one if left out.")
    ] = None,
) -> int:
    """Write the invariants as Hypothesis test modules, which drive the handler."""
    screen, project = screen_of(context), Project.here()
    config, spec = project.config, handler or project.config.handler
    promises, bugs = project.declarations.promises, project.ledger.bugs()
    ensure_writable(folder)
    with project.options().worker(promises[0].setting(), spec) as worker:
        not_offered = [
            promise.invariant.id
            for promise in promises
            if not KINDS[promise.invariant.kind].playable(promise, worker.offers)
        ]
    modules = pytest_modules(
        promises,
        not_offered,
        bugs,
        project.ledger.standings(bugs),
        spec,
        config.invariants,
    )
    if not modules:
        raise UsageError("the handler offers nothing that the declared invariants are about")
    for name in modules:
        old = read_text(folder / name)
        if old is not None and WRITTEN_BY not in old:
            raise UsageError(f"{folder / name} is somebody's own", "move it away, or name another folder")
    for name, text in modules.items():
        written = write_atomically(folder / name, text)
        screen.out(f"{folder / name}: {'written' if written else 'up to date'}")
    screen.err("next: `pytest` from this folder plays them")
    return Exit.FINE
