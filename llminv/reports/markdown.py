"""Words of users as Markdown (CommonMark, with GitHub's additions): they read as written and mean nothing.

All of these give one line that never begins a line of the document: the caller puts a bullet or a
heading around it.
"""

from __future__ import annotations

import re

from llminv.reports.text import folded

# An underscore inside a word is no emphasis, and identifiers read better without a backslash.
# A hash at the end would close a heading.
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|#$")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def escape(text: str) -> str:
    """Return prose as Markdown that shows exactly it, on one line."""
    text = _SPECIAL.sub(r"\\\g<0>", folded(text))
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def code(text: str) -> str:
    """Return `text` as a code span."""
    text = folded(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if not text or text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
