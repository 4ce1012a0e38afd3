"""Simpler values in place of a JSON value: what a caller says, or a provider, piece by piece.

Whatever has meaning to a program and none to a reader stays: roles, types, ids, names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from llminv.simulation.dialects.values import Json, as_text

_KEPT = frozenset(
    {"role", "type", "id", "tool_call_id", "name", "operation", "provider", "model"}
    | {"finish_reason", "deltas", "tool_fragments", "tool_index"}
)
# Characters in place of others, the simplest first: a bug with one script seldom needs the very letter.
PLAIN = "aé漢\u2028😀"
# Letters are replaced in texts up to this length; texts are cut into so many parts at most.
_LETTERS_MAX = 16
_PARTS_MAX = 64


def weight(value: Json) -> int:
    """Return how much a value says; a simpler one says less."""
    if isinstance(value, dict):
        return 1 + sum(weight(key) + weight(item) for key, item in value.items())
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    if isinstance(value, str):
        return sum(map(_strangeness, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 1 + int(abs(value)) + (value != int(value)) + (value < 0)
    return 1


@cache
def _strangeness(character: str) -> int:
    return 1 + (PLAIN.index(character) if character in PLAIN else len(PLAIN) + ord(character))


def simpler(value: Json) -> Iterator[Json]:
    """Yield simpler values: with parts left out, the largest first, or with a part that is simpler.

    A text that holds a JSON object or array is simplified as that.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            if key not in _KEPT:
                yield from ({**value, key: less} for less in simpler(item))
    elif isinstance(value, list):
        yield from _without(value)
        for index, item in enumerate(value):
            yield from ([*value[:index], less, *value[index + 1 :]] for less in simpler(item))
    elif isinstance(value, str):
        yield PLAIN[0]
        held = _held(value)
        if held is not None:  # pieces of its text would hold nothing
            yield from (as_text(less) for less in simpler(held))
            return
        yield from _without(value)
        for index, character in enumerate(value if len(value) <= _LETTERS_MAX else ""):
            plainer = (other for other in PLAIN if _strangeness(other) < _strangeness(character))
            yield from (value[:index] + other + value[index + 1 :] for other in plainer)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from sorted({0, 1, int(value) // 2, int(value) - 1})


def _held(text: str) -> Json:
    """Return the JSON object or array that `text` is, None for any other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _without(value: Json) -> Iterator[Json]:
    """Yield a list or a text without each of its stretches, the longest first.

    Of a list that is each run of items; of a text its halves, quarters and so on, down to `_PARTS_MAX` parts.
    """
    if isinstance(value, list):
        for length in range(len(value), 0, -1):
            yield from (value[:at] + value[at + length :] for at in range(len(value) - length + 1))
        return
    length = len(value)
    while length and len(value) // length <= _PARTS_MAX:
        yield from (value[:at] + value[at + length :] for at in range(0, len(value), length))
        length //= 2
