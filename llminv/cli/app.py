"""The commands, one row each, and what is said about a command line that is wrong.

The modules of the commands import what is slow (hypothesis, rich) when they need it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from llminv import __version__
from llminv.cli.bugs import bugs
from llminv.cli.check import check
from llminv.cli.docs import docs
from llminv.cli.exit_codes import Exit, exit_codes_text
from llminv.cli.export import export_pytest
from llminv.cli.init import init
from llminv.cli.list import list_
from llminv.cli.prices import EPILOG as PRICES_EPILOG
from llminv.cli.prices import prices_check
from llminv.cli.prove import prove
from llminv.cli.replay import replay_
from llminv.cli.run import run
from llminv.cli.screen import Screen
from llminv.cli.serve import EPILOG as SERVE_EPILOG
from llminv.cli.serve import serve
from llminv.cli.usage import FORM as USAGE_FORM
from llminv.cli.usage import usage_import
from llminv.cli.verify import verify
from llminv.errors import LlminvError, UsageError

COMMANDS: Mapping[str, Callable[..., int]] = {
    "run": run,
    "bugs": bugs,
    "replay": replay_,
    "verify": verify,
    "prove": prove,
    "docs": docs,
    "check": check,
    "list": list_,
    "init": init,
    "serve": serve,
}
# Commands of two words: what the first is about, and the second ones.
GROUPS: Mapping[str, tuple[str, Mapping[str, Callable[..., int]]]] = {
    "prices": ("The declared prices.", {"check": prices_check}),
    "usage": ("What providers billed for known prompts.", {"import": usage_import}),
    "export": ("What is declared, in other forms.", {"pytest": export_pytest}),
}
EPILOGS: Mapping[str, str] = {
    "serve": SERVE_EPILOG,
    "prices check": PRICES_EPILOG,
    "usage import": USAGE_FORM,
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
    app.command(name, epilog=EPILOGS.get(name))(command)
for name, (about, commands) in GROUPS.items():
    group = typer.Typer(name=name, help=about, rich_markup_mode=None)
    for word, command in commands.items():
        group.command(word, epilog=EPILOGS.get(f"{name} {word}"))(command)
    app.add_typer(group)


def dispatch(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status; what is not understood is raised."""
    screen = Screen()
    try:
        command = typer.main.get_command(app)
        status = command.main(list(arguments), prog_name="llminv", standalone_mode=False, obj=screen)
        return int(status or 0)
    except typer.TyperException as error:
        if arguments:
            screen.failed(_misused(error, arguments))
        else:  # a bare `llminv` is a question, and the message the whole help
            screen.err(error.format_message().rstrip())
    except LlminvError as error:
        screen.failed(error)
    return Exit.NO_VERDICT


def _misused(error: typer.TyperException, arguments: Sequence[str]) -> UsageError:
    """Put what typer says about the command line into our words."""
    command = next((word for word in arguments if word in {*COMMANDS, *GROUPS}), None)
    asked = f"llminv {command} --help" if command else "llminv --help"
    message = error.format_message().rstrip(".").replace("Value error, ", "")
    # Typer does not export the classes of its errors; that of an unknown option has these two.
    option, near = getattr(error, "option_name", ""), getattr(error, "possibilities", None)
    if option and near is not None:
        message = f"no such option: {option}" + (f"; did you mean {near[0]}?" if near else "")
    return UsageError(f"{message[:1].lower()}{message[1:]}", f"`{asked}` shows what can be written")
