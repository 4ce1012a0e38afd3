"""Simpler values in place of a JSON value: what a caller says, or a provider, piece by piece.

Whatever has meaning to a program and none to a reader stays: roles, types, ids, names. Only those of the
calls that a provider makes become letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache

from llminv.simulation.dialects.values import Json, as_text, objects

_KEPT = frozenset({"role", "type", "id", "tool_call_id", "name", "operation", "provider", "model"})
# The words of which a field takes one, the simplest first; any other is less simple than all of them.
_WORDS = {
    "finish_reason": ("stop", "length", "tool_calls", "content_filter"),
    "deltas": ("words", "whole", "characters"),
    "tool_fragments": ("in_order", "interleaved", "at_once"),
    "tool_index": ("given", "missing", "repeated"),
}
# Less than this no provider takes.
_LEAST = {"max_tokens": 1}
# What identifies the calls of a provider, and the least arguments that are some.
_LETTERS = "abc"
_ARGUMENTS = '{"a":0}'
# Characters in place of others, the simplest first: a bug with one script seldom needs the very letter.
PLAIN = "aé漢\u2028😀"
# Letters are replaced in texts up to this length; texts are cut into so many parts at most.
_LETTERS_MAX = 16
_PARTS_MAX = 64


def weight(value: Json) -> int:
    """Return how much a value says; a simpler one says less."""
    if isinstance(value, dict):
        return 1 + sum(weight(key) + _weight_at(key, item) for key, item in value.items())
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    if isinstance(value, str):
        return sum(map(_strangeness, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 1 + int(abs(value)) + (value != int(value)) + (value < 0)
    return 1


def _weight_at(key: str, item: Json) -> int:
    words = _WORDS.get(key, ())
    if item in words:
        return words.index(item)
    return len(words) + weight(item)


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
            if key in _WORDS:
                yield from ({**value, key: word} for word in _WORDS[key] if word != item)
            elif key not in _KEPT:
                yield from ({**value, key: less} for less in simpler(item) if _taken(key, less))
            calls = objects(item) if key == "tool_calls" else []
            if calls and not any("function" in call for call in calls):  # those that a provider makes
                others = {other: kept for other, kept in value.items() if other != key}
                yield from ({**others, "finish_reason": word} for word in _WORDS["finish_reason"])
                yield from ({**value, key: plainer} for plainer in _plainer_calls(calls))
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
        yield from (less for less in _lower(int(value)) if less != value)


def _taken(key: str, value: Json) -> bool:
    return not isinstance(value, int | float) or value >= _LEAST.get(key, value)


def _lower(number: int) -> list[int]:
    """Return 0, 1 and what is ever closer below `number`: few steps find the least one that will do."""
    closer = (number - (number >> shift) for shift in range(1, number.bit_length() + 1))
    return sorted({0, 1, number - 1, *closer})


def _plainer_calls(calls: list[Mapping[str, Json]]) -> Iterator[list[Json]]:
    """Yield the calls that a provider makes with a letter as an id or a name, or arguments of one alone."""
    for index, call in enumerate(calls):
        for key in ("id", "name"):
            for letter in _LETTERS if key in call else ():
                yield [*calls[:index], {**call, key: letter}, *calls[index + 1 :]]
        bare = [{key: kept for key, kept in other.items() if key != "arguments"} for other in calls]
        yield [*bare[:index], {**bare[index], "arguments": _ARGUMENTS}, *bare[index + 1 :]]


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
