"""The one door: `main` runs a command line and maps everything that can happen to an exit status.

Python and typer alone would exit 1 on any exception, which here would read as "a violation was found".
So this file imports nothing at its top that could be missing or broken: even an llminv that cannot be
imported says so with the right status.
"""

from __future__ import annotations

import os
import platform
import shlex
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

from llminv import __version__
from llminv.cli.exit_codes import Exit


def entry() -> None:
    """Run the command line of this process, and end it: the console script."""
    # What a CI job sends at its own limit; a worker that loops must not live on.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default this process's) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Python has None for a stream that was closed before it started; a pipe would get its number.
    for name, mode in (("stdin", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    if sys.stdout is None:
        return _unwritten("standard output is closed")
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # Typer makes SystemExit(1) of a broken pipe. Whoever reads has gone: no verdict reached anybody.
        _forget(sys.stdout)
        return Exit.NO_VERDICT
    except OSError as error:
        _forget(sys.stdout)
        return _unwritten(error.strerror)
    return status


def _run(arguments: list[str]) -> int:
    try:
        from llminv.cli.app import dispatch

        status = dispatch(arguments)
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except (BrokenPipeError, SystemExit):
        raise
    except BaseException as error:
        if isinstance(error, OSError):
            print(flush=True)  # raises again where it is the report that cannot be written
        print(crash_text(error, arguments), file=sys.stderr)
        return Exit.NO_VERDICT
    if status == Exit.INTERRUPTED:
        print("Interrupted: no verdict was reached.", file=sys.stderr)
    return status


def crash_text(error: BaseException, arguments: Sequence[str]) -> str:
    """Return what is said about a crash of llminv itself, with a block to paste into an issue."""
    # Typer makes an Abort, which says nothing, of an EOFError.
    cause = error.__cause__ if isinstance(error.__cause__, EOFError) else error
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


def _unwritten(reason: str | None) -> Exit:
    """Say why there is no report; where that cannot be written either, the status says it alone."""
    try:
        print(f"error: the report could not be written: {reason}", file=sys.stderr, flush=True)
    except OSError:
        _forget(sys.stderr)
    return Exit.NO_VERDICT


def _forget(stream: TextIO) -> None:
    """Keep the interpreter from failing at its end, when it flushes to where nothing can be written."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):  # the stream is no file: a test's
        return
