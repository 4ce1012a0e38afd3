"""Words of users as Markdown (CommonMark, with GitHub's tables): they read as written and mean nothing.

All of these give one line that never begins a line of the document: the caller puts a bullet, a
heading or a table around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llminv.reports.text import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# An underscore inside a word is no emphasis, and identifiers read better without a backslash.
# A hash at the end would close a heading.
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|#$")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def escape(text: str) -> str:
    """Return prose as Markdown that shows exactly it, on one line."""
    text = _SPECIAL.sub(r"\\\g<0>", folded(text))
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def code(text: str) -> str:
    """Return `text` as a code span; not for cells of a table, where a pipe would end it."""
    text = folded(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if not text or text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> list[str]:
    """Return the lines of a table of escaped cells; `align` has one of "<>" for each column."""
    rules = ["---:" if side == ">" else "---" for side in align]
    return [f"| {' | '.join(cells)} |" for cells in (header, rules, *rows)]
