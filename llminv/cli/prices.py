"""`llminv prices check`: the declared prices beside a public price list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.list import aligned
from llminv.cli.project import Project
from llminv.cli.screen import screen_of
from llminv.declaration.price_list import CURRENCY, listed, source
from llminv.errors import UsageError
from llminv.oracles.prices.review import CERTAIN, REMARKS, Remark, review
from llminv.reports.text import counted

HEAD = ("PROVIDER", "MODEL", "WHAT", "DECLARED", "LISTED")
EPILOG = (
    "\b\nWhat is remarked:\n"
    + "\n".join(f"  {what:<21}{meaning}" for what, meaning in REMARKS.items())
    + "\n\n\b\nExit status: 1 for a unit_slip, with --strict for any remark that its row\n"
    "does not accept (accepted: [time_of_day]); 0 otherwise."
)


def prices_check(
    context: typer.Context,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let every remark fail, not only certain errors.")
    ] = False,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="YYYY-MM-DD", help="The day to compare for; today if left out."),
    ] = None,
) -> int:
    """Compare the declared prices with the public list in the package genai-prices."""
    declarations = Project.here().declarations
    book, screen = declarations.prices, screen_of(context)
    if not book.models:
        raise UsageError("no price is declared", "write `prices`; `llminv init --all` shows how")
    if book.currency != CURRENCY:
        raise UsageError(f"the list is in {CURRENCY}, and the declared prices in {book.currency}")
    day = _day(on)
    remarks = review(book, declarations.providers, day, listed)
    for warning in declarations.warnings:
        screen.err(f"warning: {warning}")
    if remarks:
        rows = [(row.provider, row.model, _shown(row), row.declared, row.listed) for row in remarks]
        for line in aligned([HEAD, *rows]):
            screen.out(line)
    models = sum(map(len, book.models.values()))
    unit = (book.unit or "").replace("_", " ")
    screen.err(
        f"{counted(models, 'model')} compared with {source()} for {day}, in {CURRENCY} {unit} tokens: "
        f"{counted(len(remarks), 'remark')}"
    )
    fails = any(row.what in CERTAIN or (strict and not row.accepted) for row in remarks)
    return Exit.VIOLATED if fails else Exit.FINE


def _shown(remark: Remark) -> str:
    return f"{remark.what} (accepted)" if remark.accepted else remark.what


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--on: {text!r} is no day", "write it as 2026-01-31") from None
