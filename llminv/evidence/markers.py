"""The part of a document that llminv generates stands between two marker lines; the rest is the user's.

A marker is a line of its own: text that only mentions one is left alone.
"""

from __future__ import annotations

import re

from llminv.errors import UsageError

BEGIN = "<!-- llminv:begin -->"
END = "<!-- llminv:end -->"

_MARKER = re.compile(rf"^[ \t]*({BEGIN}|{END})[ \t\r]*$", re.MULTILINE)


def replace_between_markers(old_text: str, generated: str, name: str = "the document") -> str:
    """Return `old_text` with `generated` between its markers, and every character outside as it was.

    A text without markers gets the block at its end, after a blank line. Line ends follow those of
    `old_text`. Raise UsageError, with `name` and the lines, where the markers are not one pair in order.
    """
    if _MARKER.search(generated):
        raise ValueError("generated text must not hold a marker line")
    line_end = "\r\n" if "\r\n" in old_text else "\n"
    block = f"{BEGIN}\n{generated.strip()}\n{END}".replace("\n", line_end)
    markers = list(_MARKER.finditer(old_text))
    if not markers:
        return old_text + _gap(old_text, line_end) + block + line_end
    if [marker[1] for marker in markers] != [BEGIN, END]:
        found = ", ".join(
            f"{marker[1]} in line {old_text.count(chr(10), 0, marker.start()) + 1}" for marker in markers
        )
        raise UsageError(
            f"{name}: the markers are not one pair: found {found}",
            hint=f"leave one line {BEGIN} and after it one line {END}, or delete them all: "
            "then the generated part is appended",
        )
    begin, end = markers
    return old_text[: begin.start(1)] + block + old_text[end.end(1) :]


def _gap(old_text: str, line_end: str) -> str:
    """Return what has to follow `old_text` so that one blank line, at least, comes after it."""
    if not old_text or old_text.endswith(line_end * 2):
        return ""
    return line_end if old_text.endswith(line_end) else line_end * 2
