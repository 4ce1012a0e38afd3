"""`llminv verify`: every recorded bug, played where it was found and where it is fixed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.project import Project
from llminv.cli.record import up_to_date
from llminv.cli.screen import ColorOption, Screen, screen_of
from llminv.evidence.files import ensure_writable
from llminv.evidence.verified import BugStatus, read_verified, status_place, write_verified
from llminv.evidence.verify import Verifier
from llminv.kinds import KINDS
from llminv.reports.documents import documents

if TYPE_CHECKING:
    from llminv.evidence.bug import Bug
    from llminv.evidence.ledger import Ledger
    from llminv.evidence.verified import Standing

STATUS: Mapping[str, Exit] = MappingProxyType(
    {
        BugStatus.OPEN: Exit.FINE,
        BugStatus.VERIFIED: Exit.FINE,
        BugStatus.UNVERIFIED: Exit.VIOLATED,
        BugStatus.REGRESSED: Exit.VIOLATED,
        BugStatus.UNREPRODUCIBLE: Exit.VIOLATED,
        BugStatus.UNVERIFIABLE: Exit.NO_VERDICT,
    }
)
# What another play of the same code has to say again.
SEEN = frozenset({BugStatus.OPEN, BugStatus.VERIFIED})
STYLES: Mapping[Exit, str] = MappingProxyType(
    {Exit.FINE: "good", Exit.VIOLATED: "bad", Exit.NO_VERDICT: "unclear"}
)


def verify(
    context: typer.Context,
    bugs: Annotated[
        list[str] | None, typer.Argument(metavar="[BUG]...", help="Ids of recorded bugs; none: all.")
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="The interpreter of the environment with the handler's libraries."),
    ] = None,
    color: ColorOption = "auto",
) -> int:
    """Play each bug where it was found and at its fix, and record what is so."""
    del color  # the screen has it
    screen, project = screen_of(context), Project.here(python=python)
    ledger = project.ledger
    chosen = [ledger.get(name) for name in bugs] if bugs else list(ledger.bugs())
    if not chosen:
        screen.err("No bug is recorded.")
        return Exit.FINE
    ensure_writable(ledger.folder)
    ensure_writable(Path())
    verifier = Verifier(
        ledger,
        KINDS,
        folder=Path.cwd(),
        limit_s=project.config.scenario_limit_s,
        python=project.python,
    )
    before = read_verified(ledger.folder)
    promises = project.declarations.promises
    for bug in chosen:
        verifier.ensure_fix_exists(bug)
    found = {_verified(bug, before.get(bug.id), verifier, ledger, screen) for bug in chosen}
    for line in up_to_date(lambda: documents(Path(), promises, ledger, KINDS)):
        screen.err(line)
    return next(status for status in (Exit.VIOLATED, Exit.NO_VERDICT, Exit.FINE) if status in found)


def _verified(bug: Bug, before: Standing | None, verifier: Verifier, ledger: Ledger, screen: Screen) -> Exit:
    """Verify one bug, write down what is so, and return its part in the exit status."""
    now = verifier.verify(bug)
    status = STATUS[now.status]
    screen.out(f"{bug.id}  {screen.styled(STYLES[status], now.status, sys.stdout)}: {now.reason}")
    is_of_the_same = before and (before.found_in, before.fixed_in) == (now.found_in, now.fixed_in)
    if before and is_of_the_same and before.status in SEEN and before.status != now.status:
        place = status_place(ledger.folder, bug)
        screen.err(f"{place}: the status was {before.status!r}, which the replay contradicts")
        status = max(status, Exit.VIOLATED, key=(Exit.FINE, Exit.NO_VERDICT, Exit.VIOLATED).index)
    if write_verified(ledger.folder, {bug.id: now}, ledger.bugs()):
        screen.err(f"{ledger.folder / 'verified.toml'}: written")
    return status
