"""The one door: `main` runs a command line and maps everything that can happen to an exit status.

Typer alone would exit 1 on any exception, which here would read as "a violation was found".
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
import traceback
from collections.abc import Sequence

import typer

from llminv import __version__
from llminv.cli.app import COMMANDS, app
from llminv.cli.exit_codes import Exit
from llminv.cli.screen import Screen
from llminv.errors import LlminvError, UsageError


def entry() -> None:
    """Run the command line of this process, and end it: the console script."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default this process's) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    screen = Screen()
    try:
        status = _run(arguments, screen)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # Typer makes SystemExit(1) of a broken pipe. Whoever reads has gone: no verdict reached anybody.
        _forget_stdout()
        return Exit.NO_VERDICT
    return status


def _run(arguments: list[str], screen: Screen) -> int:
    try:
        command = typer.main.get_command(app)
        status = int(command.main(arguments, prog_name="llminv", standalone_mode=False, obj=screen) or 0)
    except typer.TyperException as error:
        if arguments:
            screen.failed(_misused(error, arguments))
        else:  # a bare `llminv` is a question, and the message the whole help
            screen.err(error.format_message().rstrip())
        return Exit.NO_VERDICT
    except LlminvError as error:
        screen.failed(error)
        return Exit.NO_VERDICT
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except (BrokenPipeError, SystemExit):
        raise
    except BaseException as error:
        screen.err(crash_text(error, arguments))
        return Exit.NO_VERDICT
    if status == Exit.INTERRUPTED:
        screen.err("Interrupted: no verdict was reached.")
    return status


def _misused(error: typer.TyperException, arguments: list[str]) -> UsageError:
    """Put what typer says about the command line into our words."""
    command = next((word for word in arguments if word in COMMANDS), None)
    asked = f"llminv {command} --help" if command else "llminv --help"
    message = error.format_message().rstrip(".").replace("Value error, ", "")
    # Typer does not export the classes of its errors; that of an unknown option has these two.
    option, near = getattr(error, "option_name", ""), getattr(error, "possibilities", None)
    if option and near is not None:
        message = f"no such option: {option}" + (f"; did you mean {near[0]}?" if near else "")
    return UsageError(f"{message[:1].lower()}{message[1:]}", f"`{asked}` shows what can be written")


def crash_text(error: BaseException, arguments: Sequence[str]) -> str:
    """Return what is said about a crash of llminv itself, with a block to paste into an issue."""
    cause = error.__cause__ if isinstance(error, typer.Abort) and error.__cause__ else error
    block = [
        f"llminv {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"$ llminv {shlex.join(arguments)}",
        "".join(traceback.format_exception(cause)).rstrip(),
    ]
    return "\n".join(
        [
            "llminv crashed: no verdict was reached. The fault is llminv's own, not the handler's.",
            "Please paste the lines from here to the end into an issue:",
            "",
            "```",
            *block,
            "```",
        ]
    )


def _forget_stdout() -> None:
    """Keep the interpreter from failing at its end, when it flushes to a reader that has gone."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # stdout is no file: a test's
        return
