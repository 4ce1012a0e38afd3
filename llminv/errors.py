"""The errors that llminv raises on purpose, one class for each party that can be at fault.

A user's YAML (`DeclarationError`), a user's handler (`HandlerError`), what stands in the way on the
machine (`UsageError`) and a recorded bug that cannot be read (`LedgerError`). Every one carries what
happened and, as `hint`, what to do next. Anything else that escapes is llminv's own crash. Whoever
catches decides on the exit status; nothing here prints.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a value stands: a file as the user named it, line and column counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class LlminvError(Exception):
    """A failure that is understood: `message` says what happened, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LlminvError):
    """The command line, the folder or the machine is not as the command needs it."""


class HandlerError(LlminvError):
    """The handler cannot be loaded or offers nothing; `traceback` is the handler's own, if it has one."""

    def __init__(self, message: str, hint: str = "", traceback: str = "") -> None:
        super().__init__(message, hint)
        self.traceback = traceback


class LedgerError(LlminvError):
    """A recorded bug cannot be read: wrong field, unknown format version, broken TOML."""


class Problem(NamedTuple):
    """One thing wrong with a declaration, and the place where it stands."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class DeclarationError(LlminvError):
    """One or more declarations are wrong; all problems that could be seen are listed, in file order."""

    def __init__(self, problems: list[Problem], hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)), hint)
