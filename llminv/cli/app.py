"""The commands, one row each. Their modules import what is slow (hypothesis, rich) when they need it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from llminv import __version__
from llminv.cli.check import check
from llminv.cli.docs import docs
from llminv.cli.exit_codes import exit_codes_text
from llminv.cli.init import init
from llminv.cli.list import list_
from llminv.cli.replay import replay_
from llminv.cli.run import run

COMMANDS: Mapping[str, Callable[..., int]] = {
    "run": run,
    "replay": replay_,
    "docs": docs,
    "check": check,
    "list": list_,
    "init": init,
}

# "\b" keeps the help formatter from filling the lines.
EPILOG = f"\b\nExit status:\n{exit_codes_text()}"

app = typer.Typer(
    name="llminv",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"llminv {__version__} (Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def llminv(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Audit a program that talks to several LLM providers against its declared invariants."""
    del version


for name, command in COMMANDS.items():
    app.command(name)(command)
