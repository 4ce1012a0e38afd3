"""`llminv list`: plain aligned tables, for eyes and for grep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.project import Project
from llminv.cli.screen import screen_of
from llminv.declaration.fields import near, shown
from llminv.errors import UsageError
from llminv.kinds import KINDS
from llminv.reports.text import folded
from llminv.saboteurs import SABOTEURS
from llminv.simulation.faults import FAULTS

Row = Sequence[str]


def _invariants() -> Iterable[Row]:
    for promise in Project.here().declarations.promises:
        invariant = promise.invariant
        place = f"{promise.place.file}:{promise.place.line}"
        yield invariant.id, invariant.kind, place, folded(invariant.title)


def _kinds() -> Iterable[Row]:
    return ((kind.name, folded(kind.summary)) for kind in KINDS.values())


def _faults() -> Iterable[Row]:
    return ((row.name, row.fault_class, row.where.value, folded(row.summary)) for row in FAULTS.values())


def _saboteurs() -> Iterable[Row]:
    for row in SABOTEURS.values():
        where = f"{row.boundary}, forges" if row.forges else row.boundary.value
        yield row.name, where, ", ".join(row.aims), row.reference, f"a handler that {row.does}"


# What can be listed: the head of each column, and the rows.
TABLES: Mapping[str, tuple[Row, Callable[[], Iterable[Row]]]] = MappingProxyType(
    {
        "invariants": (("ID", "KIND", "DECLARED IN", "TITLE"), _invariants),
        "kinds": (("KIND", "SUMMARY"), _kinds),
        "faults": (("FAULT", "CLASS", "FIRES", "SUMMARY"), _faults),
        "saboteurs": (("SABOTEUR", "WHERE", "AIMS AT", "REFERENCE", "PLANTS"), _saboteurs),
    }
)


def list_(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="|".join(TABLES), show_default=True)] = "invariants",
) -> int:
    """List invariants, kinds, faults or saboteurs."""
    if what not in TABLES:
        raise UsageError(f"there is no list of {shown(what)}{near(what, TABLES)}")
    head, rows = TABLES[what]
    found = list(rows())
    screen = screen_of(context)
    if not found:
        screen.err(f"No {what}.")
        return Exit.FINE
    for line in aligned([head, *found]):
        screen.out(line)
    return Exit.FINE


def aligned(rows: Sequence[Row]) -> list[str]:
    """Return the rows with their columns below each other, two blanks apart; the last one is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([cell.ljust(width) for cell, width in zip(row, widths, strict=True)]).rstrip()
        for row in rows
    ]
