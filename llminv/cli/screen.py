"""Where commands write: reports go to stdout, everything else to stderr, and colours where they are wanted.

One `Screen` is made for each call of `main` and travels in typer's context. It imports no rich, so that
a command without a report does not pay for it.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import Annotated, TextIO

import typer

from llminv.errors import DeclarationError, HandlerError, LlminvError
from llminv.reports.color import ColorMode, wants_color

# What a text means, and how that looks: "select graphic rendition" parameters of ECMA-48.
_STYLES = {"bad": "1;31", "good": "32", "unclear": "33", "help": "36", "aside": "2"}


@dataclass
class Screen:
    """The two streams of one command; `color` is what --color says."""

    color: ColorMode = "auto"

    def out(self, text: str) -> None:
        """Write a line of the command's result."""
        _write(sys.stdout, f"{text}\n")

    def err(self, text: str) -> None:
        """Write a line that is no result: what was done, and why."""
        _write(sys.stderr, f"{text}\n")

    def failed(self, error: LlminvError) -> None:
        """Write what went wrong, the handler's own traceback where there is one, and what to do."""
        problems = error.problems if isinstance(error, DeclarationError) else (error.message,)
        for problem in problems:
            self._labelled("bad", "error:", str(problem))
        if isinstance(error, HandlerError) and error.traceback:
            self.err(self.styled("aside", error.traceback.rstrip(), sys.stderr))
        if error.hint:
            self._labelled("help", "help:", error.hint)

    def _labelled(self, style: str, label: str, text: str) -> None:
        """Write a text after its label: between words in a terminal, and on a line of its own elsewhere."""
        lines = f"{label} {text}".splitlines()
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns
            lines = [part for line in lines for part in wrapped(line, width)]
        first, *more = lines
        self.err("\n".join([self.styled(style, label, sys.stderr) + first.removeprefix(label), *more]))

    def styled(self, style: str, text: str, stream: TextIO) -> str:
        """Return `text` as it looks on `stream`, with colours where they are wanted."""
        if not wants_color(self.color, stream, os.environ):
            return text
        return f"\033[{_STYLES[style]}m{text}\033[0m"


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return `text` in lines of at most `width`, `indent` before all but the first; no word is broken."""
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def screen_of(context: typer.Context) -> Screen:
    """Return the screen that `main` put into the context."""
    screen: Screen = context.ensure_object(Screen)
    return screen


def _set_color(context: typer.Context, color: ColorMode) -> ColorMode:
    screen_of(context).color = color
    return color


# Eager: it counts for what is said about the options that follow.
ColorOption = Annotated[
    ColorMode,
    typer.Option(
        callback=_set_color, is_eager=True, metavar="auto|always|never", help="When to use colours."
    ),
]


def _write(stream: TextIO, text: str) -> None:
    """Write and flush; what the encoding of `stream` does not know is escaped."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
