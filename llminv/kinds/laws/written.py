"""Scenarios as people write them in YAML: the JSON form of `scenario`, of which every scalar is text there.

What a text means is for the type of its field to say. In a field that takes any JSON value (a parameter, the
schema of a tool), it is the value that it spells in JSON, if it spells a number, true, false or null, and
itself where it does not.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from llminv.contract import OPERATIONS
from llminv.declaration.fields import near, refusal, shown
from llminv.scenario import Scenario
from llminv.simulation.faults import FAULTS

# Values and types are whatever they turn out to be, hence Any.
_PLAIN = (int, float, bool)


def scenario_of(written: Any, providers: Collection[str] | None) -> dict[str, Any]:
    """Return the JSON form of a scenario as it is written; refuse what is none, with the path of it.

    `providers` are those that are declared, where that is known.
    """
    try:
        scenario = Scenario.from_json(_typed(Scenario, written))
    except (ValueError, TypeError) as error:
        raise refusal(str(error)) from None
    if not scenario.calls:
        raise refusal("the scenario makes no call")
    for place, noun, word, allowed in _words(scenario, providers):
        if word not in allowed:
            raise refusal(f"{place}: {shown(word)} is not {noun}{near(word, allowed)}")
    return scenario.to_json()


def _words(
    scenario: Scenario, providers: Collection[str] | None
) -> Iterator[tuple[str, str, str, Collection[str]]]:
    """Yield the words that stand in a table: where, what each is to be, the word, and the table."""
    for index, call in enumerate(scenario.calls):
        yield f"calls[{index}].operation", "an operation", call.operation, OPERATIONS
    for index, row in enumerate(scenario.acts):
        if providers is not None:
            yield f"acts[{index}].provider", "a declared provider", row.provider, providers
        for act in (*row.attempts, row.then):
            if act.fault is not None:
                yield f"acts[{index}]", "a fault", act.fault, FAULTS


def _typed(hint: Any, value: Any) -> Any:
    """Return a value with its texts as what a field of the type `hint` takes; what does not fit stays."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        hints = typing.get_type_hints(hint)
        return {key: _typed(hints.get(key, str), item) for key, item in value.items()}
    if origin in (typing.Union, types.UnionType):
        return _typed(next(each for each in arguments if each is not type(None)), value)
    if isinstance(value, list):
        return [_typed(arguments[0] if arguments else Any, item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(Any, item) for key, item in value.items()}
    if hint in _PLAIN or hint is Any:
        return _spelled(value)
    return value


def _spelled(value: Any) -> Any:
    """Return what a text spells in JSON, if that is no text and nothing made of parts."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return value if isinstance(found, str | Sequence | Mapping) else found
