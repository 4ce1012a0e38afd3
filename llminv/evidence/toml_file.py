"""Reading the files of the ledger: whatever is wrong in one is a LedgerError with its line and what to do."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from llminv.codec import from_json
from llminv.errors import LedgerError
from llminv.evidence import toml_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Values are Any throughout this module: they are whatever TOML holds.


class TomlFile:
    """One file: its path, its text, its table; `mend` says what to do about it when it is wrong.

    `version` is the only format version that is known.
    """

    def __init__(self, path: Path, text: str, *, version: int, mend: str) -> None:
        self.path = path
        self.text = text
        self._mend = mend
        try:
            self.data = toml_text.loads(text)
        except ValueError as error:
            place = re.search(r"at line (\d+)", str(error))
            where = f"{path}:{place[1]}" if place else str(path)
            raise LedgerError(f"{where}: not TOML: {error}", hint=mend) from error
        if self.data.get("format") != version:
            found = self.data.get("format")
            raise LedgerError(
                f"{self.place('format')}: format version {found!r} is not known; this llminv reads {version}",
                hint="use the llminv that wrote the file, or a newer one",
            )

    def place(self, field: str) -> str:
        """Return the file and, where it is known, the line of the field with this path."""
        line = toml_text.line_of(self.text, field)
        return f"{self.path}:{line}" if line else str(self.path)

    def wrong(self, field: str, message: str) -> LedgerError:
        """Return the error that says what is wrong with a field."""
        return LedgerError(f"{self.place(field)}: {message}", hint=self._mend)

    def read(self, cls: type[Any], data: Any, at: str = "") -> Any:
        """Return the `cls` that the part `data` of the file is; `at` is its path, "" for the whole file."""
        try:
            return from_json(cls, data)
        except ValueError as error:
            raise self._explained(cls, str(error), at) from error
        except (TypeError, ArithmeticError) as error:
            message = "a { decimal = ... } or { float = ... } holds no number"
            raise LedgerError(f"{self.path}: {message}", hint=self._mend) from error

    def _explained(self, cls: type[Any], message: str, at: str) -> LedgerError:
        """Put a message of the codec, such as "Bug.seed: found 'x', expected int", into our words."""
        path, _, problem = message.partition(": ")
        below = path.removeprefix(cls.__name__).removeprefix(".")
        path = ".".join(filter(None, (at, below)))
        where = f"field {path!r}" if path else f"the {cls.__name__.lower()}"
        if unknown := re.match(r"found '(.*)', expected a field of (.*)", problem):
            name, known = unknown[1], unknown[2].split(", ")
            return self.wrong(
                f"{path}.{name}" if path else name, f"{where} has no field {name!r}{nearest(name, known)}"
            )
        return self.wrong(path, f"{where}: {problem}" if problem else message)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that `word` may stand for, or at all of them."""
    names = list(map(str, known))
    near = difflib.get_close_matches(word, names, n=1)
    return f": did you mean {near[0]!r}?" if near else f": it has {', '.join(names)}"
