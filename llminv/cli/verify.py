"""`llminv verify`: every recorded bug, played where it was found and where it is fixed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from llminv.cli.bugs import recorded_bug
from llminv.cli.exit_codes import Exit
from llminv.cli.options import PythonOption
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
        list[str] | None,
        typer.Argument(metavar="[BUG]...", help="Ids of recorded bugs, or their files; none: all."),
    ] = None,
    python: PythonOption = None,
    color: ColorOption = "auto",
) -> int:
    """Play each bug where it was found and at its fix, and record what is so."""
    del color  # the screen has it
    screen, project = screen_of(context), Project.here(python=python)
    own = project.ledger
    chosen = [recorded_bug(name, project) for name in bugs] if bugs else [(bug, own) for bug in own.bugs()]
    if not chosen:
        screen.err("No bug is recorded.")
        return Exit.FINE
    verifiers = {ledger.folder: _verifier(ledger, project) for _, ledger in chosen}
    before = {folder: read_verified(folder) for folder in verifiers}
    for folder in (Path(), *verifiers):
        ensure_writable(folder)
    is_told = any(ledger.folder in verifiers for ledger in (own, *project.others))
    promises = project.declarations.promises if is_told else []
    for bug, ledger in chosen:
        verifiers[ledger.folder].ensure_fix_exists(bug)
    found = {
        _verified(bug, before[ledger.folder].get(bug.id), verifiers[ledger.folder], ledger, screen)
        for bug, ledger in chosen
    }
    if is_told:
        for line in up_to_date(lambda: documents(Path(), promises, own, KINDS, project.others)):
            screen.err(line)
    return next(status for status in (Exit.VIOLATED, Exit.NO_VERDICT, Exit.FINE) if status in found)


def _verifier(ledger: Ledger, project: Project) -> Verifier:
    limit_s = project.config.scenario_limit_s
    return Verifier(ledger, KINDS, folder=Path.cwd(), limit_s=limit_s, python=project.python)


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
