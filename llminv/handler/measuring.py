"""The operations that return a value and not a reply, count_tokens and cost: their arguments, their results.

What a handler returns there is written down exactly, whatever it is: a name of its type and a text from
which its value can be read back (see `history.Returned`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from llminv.scenario import DEFAULT_USAGE, Call
from llminv.simulation.sites import Setting

# Arguments and results are of any type, hence Any.
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# The types of the contract that are numbers, by the names under which they are written down.
NUMBERS = frozenset({"int", "float", "Decimal"})
# Of a value that no type of the contract fits, so much is kept.
SHOWN_CHARACTERS_MAX = 200
# Python refuses to write longer integers in decimal digits.
_DECIMAL_BITS_MAX = 12_000


def _counted(call: Call) -> Arguments:
    said = list(call.messages) if call.text is None else call.text * call.times
    return (said,), {"tools": call.tools} if call.tools else {}


def _priced(call: Call) -> Arguments:
    return (call.usage or DEFAULT_USAGE,), {}


MEASURES: Mapping[str, Callable[[Call], Arguments]] = MappingProxyType(
    {"count_tokens": _counted, "cost": _priced}
)


def repeats(call: Call) -> int:
    """Return how often a call asks: the cost of the same usage can be asked for many times."""
    return call.times if call.operation == "cost" else 1


def arguments_of(call: Call, setting: Setting) -> Arguments:
    """Return positional and named arguments; left open, it is the first provider, and its model."""
    positional, named = MEASURES[call.operation](call)
    provider = call.provider or setting["policy"]["chain"][0]
    model = call.model or setting["providers"][provider]["model"]
    return positional, {"provider": provider, "model": model, **named}


def written(value: Any) -> tuple[str, str]:
    """Return the name of the type of `value` and a text that says its value, exactly for what is a number.

    A subclass is written as the type of the contract that it is; whatever has `__index__` is an int.
    """
    if value is None:
        return "None", "None"
    if isinstance(value, bool):
        return "bool", str(value)
    if isinstance(value, float):
        return "float", float.__repr__(value)
    if isinstance(value, Decimal):
        return "Decimal", Decimal.__str__(value)
    if isinstance(value, str):
        return "str", str.__str__(value)
    if hasattr(type(value), "__index__"):
        number = value.__index__()
        return "int", str(number) if number.bit_length() < _DECIMAL_BITS_MAX else hex(number)
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    return name, repr(value)[:SHOWN_CHARACTERS_MAX]


def told_cost(value: Any) -> Decimal | float | int | str | None:
    """Return a cost as replies and chunks may report it: of another type, it is words and no amount."""
    if value is None or isinstance(value, float | Decimal | str):
        return value
    name, text = written(value)
    return int(text, 0) if name == "int" else f"{name} {text}"
