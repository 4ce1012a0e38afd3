"""Calls of tools as providers make them: which tools there are, and what they are called with.

The arguments fit the tools. Their text is JSON as models write it: compact or not, with escapes or without.
Numbers stay exact where a format sends text, also beyond what a double holds; Gemini sends values, whose
numbers are doubles (google.protobuf.Struct), so that none beyond is played there. Empty arguments come as ""
or as {}: both say that there are none. What models write by mistake (half an object, a key twice) has more
than one right treatment, and is not played.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from llminv.contract import ToolCall
from llminv.kinds.laws.meaning import canonical
from llminv.kinds.laws.texts import pieces
from llminv.simulation.dialects.neutral import function_tool
from llminv.simulation.dialects.values import Json, as_text

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

TOOLS: tuple[Mapping[str, Json], ...] = (
    function_tool("look_up", "Looks something up, whatever it is.", {"type": "object"}),
    function_tool("ping", "Says whether it is there.", {"type": "object"}),
)
PING = ToolCall("call_0", "ping", "{}")
# The first whole number that a double does not hold.
BEYOND_DOUBLE = 2**53 + 1
# What a cell says: scripts, escapes, and what looks like the frame around it.
HOSTILE = '日本 é e\u0301 👩‍👩‍👧 \u2028 \\ "quoted" \\u00e9 {"a": [1]} data: [DONE]\n\n'
CALLS_MAX = 3


def looked_up(place: int, style: str = "compact", /, **arguments: Json) -> ToolCall:
    """Return the call at `place` in a turn: it looks something up."""
    return ToolCall(f"call_{place}", "look_up", written(arguments, style))


def written(arguments: Json, style: str) -> str:
    """Return arguments as JSON text: "compact", "spaced", "escaped" or "indented"."""
    if style == "compact":
        return as_text(arguments)
    return json.dumps(arguments, ensure_ascii=style == "escaped", indent=2 if style == "indented" else None)


def read(arguments: str) -> str | None:
    """Return the value of arguments as canonical text; None where they are no JSON object."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return canonical(value) if isinstance(value, dict) else None


def turns(*, ids: bool, exact: bool, calls_min: int = 1) -> SearchStrategy[tuple[ToolCall, ...]]:
    """Draw the calls of one turn; `ids`: each has one; `exact`: numbers may be beyond what a double holds."""
    from hypothesis import strategies as st

    numbers = st.sampled_from([0, -3, 14, *([BEYOND_DOUBLE] if exact else [])])
    text = pieces()
    arguments = st.fixed_dictionaries(
        {"text": text},
        optional={
            "number": numbers,
            "share": st.sampled_from([0.5, -1.25, 1e-7]),
            "tags": st.lists(text, max_size=2),
        },
    )
    styles = st.sampled_from(["compact", "spaced", "escaped", "indented"])
    looks = st.builds(lambda said, style: ("look_up", written(said, style)), arguments, styles)
    pings = st.sampled_from([("ping", "{}"), ("ping", "")])
    return st.lists(st.one_of(looks, looks, pings), min_size=calls_min, max_size=CALLS_MAX).map(
        lambda drawn: tuple(
            ToolCall(f"call_{number}" if ids else None, name, said)
            for number, (name, said) in enumerate(drawn)
        )
    )
