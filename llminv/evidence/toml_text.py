"""JSON values as TOML text and back, without loss, and the line on which a value stands.

TOML has no null, no integer of more than 64 bits and no lone surrogate. What it cannot hold is written
as a table of one key, `{ python = "..." }`, with the value as a Python literal in ASCII; so is, to stay
reversible, a mapping that looks like one. (JSON text would not do: it reads two lone surrogates that
meet as one character.)
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

# Values are Any throughout this module: they are whatever JSON and TOML hold.
_ESCAPE = "python"
_INTEGER_MAX = 2**63
_HEADER = re.compile(r"^\s*(\[\[?)\s*(?P<path>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(?P<key>[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=""")


def dumps(value: Mapping[str, Any]) -> str:
    """Return `value`, a mapping of JSON values, as TOML text."""
    return tomli_w.dumps({key: _escape(item) for key, item in value.items()})


def loads(text: str) -> dict[str, Any]:
    """Return what `dumps` was given; raise ValueError for what is not TOML, with line and column."""
    table: dict[str, Any] = tomllib.loads(text)
    return {key: _unescape(item) for key, item in table.items()}


def _escape(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {_ESCAPE} or not all(map(_is_encodable, value)):
            return _as_literal(value)
        return {key: _escape(item) for key, item in value.items()}
    if isinstance(value, str):
        return value if _is_encodable(value) else _as_literal(value)
    if isinstance(value, Sequence):
        return [_escape(item) for item in value]
    is_wide = isinstance(value, int) and not -_INTEGER_MAX <= value < _INTEGER_MAX
    return _as_literal(value) if value is None or is_wide else value


def _unescape(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_ESCAPE} and isinstance(value[_ESCAPE], str):
            return _read_literal(value[_ESCAPE])
        return {key: _unescape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unescape(item) for item in value]
    return value


def _as_literal(value: Any) -> dict[str, str]:
    return {_ESCAPE: ascii(value)}


def _read_literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text[:60]!r} is not a Python literal") from error


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def line_of(text: str, path: str) -> int | None:
    """Return the line, from 1, of the value at `path`, such as "history.events[2].at_s".

    Where that value stands inside another one (an inline table, a list over several lines), it is the
    line on which the outermost begins; None where not even that is known.
    """
    lines = _lines(text)
    while path:
        if path in lines:
            return lines[path]
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return None


def _lines(text: str) -> dict[str, int]:
    """Return the line of each header and each key at the start of a line."""
    lines: dict[str, int] = {}
    seen: dict[str, int] = {}
    table, in_text = "", False
    for number, line in enumerate(text.split("\n"), 1):
        was_in_text = in_text
        if (line.count('"""') + line.count("'''")) % 2:
            in_text = not in_text
        if was_in_text:
            continue
        if header := _HEADER.match(line):
            table = header["path"]
            # A table inside the last element of an array of tables: its path has that element's index.
            for array, count in seen.items():
                if table.startswith(f"{array}."):
                    table = f"{array}[{count - 1}]{table[len(array) :]}"
            if header[1] == "[[":
                seen[table] = seen.get(table, 0) + 1
                lines.setdefault(table, number)
                table = f"{table}[{seen[table] - 1}]"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            name = key["key"].strip("\"'")
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines
