"""Simpler calls, beyond what can be said of any JSON value.

That is whom they ask, of how many different characters a text is and how often it is said, a conversation in
which a tool is called, and what several calls have in common.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from itertools import count, takewhile
from typing import Any

from llminv.audit import simplify
from llminv.codec import to_json
from llminv.scenario import DEFAULT_MESSAGES, Call, Scenario
from llminv.simulation.dialects.neutral import function_tool, message, tool_call, tool_result
from llminv.simulation.dialects.values import Json, mapping, object_of, objects, text_of

# Texts up to this length are written out instead of repeated.
WRITTEN_OUT_MAX = 64
# The steps in which many repeats become fewer: every number would be a play of its own.
_LEADING = (1, 2, 5)
# The fields in which calls can begin alike; their values are texts or lists of any JSON (Any below).
_BEGINNINGS = ("text", "messages", "tools")


# Texts up to this length are tried as one character, repeated; `simplify` knows which are plain.
_MONOTONOUS_MAX = 16
# The simplest conversation in which a tool is called.
_TOOL = function_tool("ping", "a", {"type": "object"})
_CALLED = tool_call("ping", "{}", call_id="a")
_CALLING = (message("assistant", None, calls=[_CALLED]), tool_result("a", call_id="a"))


def distance(call: Call, chain: Sequence[str]) -> int:
    """Return how far `call` is from the simplest: of an early provider, counting few characters."""
    position = chain.index(call.provider) if call.provider in chain else 0
    if call.operation != "count_tokens" or (call.text is None and call.messages[:1] == DEFAULT_MESSAGES):
        return position
    if call.text is not None:
        return position + len(set(call.text)) + (_said_again(call.text, call.times) if call.times > 1 else 0)
    said = "".join(str(message.get("content") or "") for message in call.messages)
    return position + len(call.messages) + len(set(said))


def _said_again(text: str, times: int) -> int:
    """Return how far a text said `times` times is from one character said a round number of times."""
    return len(text) + (times > WRITTEN_OUT_MAX and times != _round(times))


def simpler(call: Call, chain: Sequence[str]) -> Iterator[Call]:
    """Yield calls that ask an earlier provider, say a text less often, or count a text and no messages."""
    for index in range(chain.index(call.provider) if call.provider in chain else 0):
        yield replace(call, provider=chain[index] if index else None, model=None)
    if call.text is None:
        contents = [message.get("content") for message in call.messages]
        if call.operation == "count_tokens" and not call.tools:
            yield from (
                replace(call, text=one, messages=DEFAULT_MESSAGES) for one in contents if isinstance(one, str)
            )
        if any(said.get("tool_calls") for said in call.messages):
            yield replace(call, messages=_CALLING, tools=(_TOOL,))
        return
    if call.times == 1:
        yield from (replace(call, text=text) for text in _monotonous(call.text))
    if call.times > 1:
        if len(call.text) * call.times <= WRITTEN_OUT_MAX:
            yield replace(call, text=call.text * call.times, times=1)
        yield from (replace(call, times=times) for times in _fewer(call.times))
        yield from (_of_one(call, one) for one in simplify.PLAIN)


def _monotonous(text: str) -> Iterator[str]:
    """Yield texts of one character in place of a short one."""
    lengths = range(1, 2 * _MONOTONOUS_MAX) if len(text) <= _MONOTONOUS_MAX else ()
    yield from (one * length for one in simplify.PLAIN for length in lengths)


def _of_one(call: Call, character: str) -> Call:
    """Return a count of a text of one character, about as long as that of `call`."""
    if not call.text:
        return call
    return replace(call, text=character, times=_round(len(call.text) * call.times))


def _fewer(times: int) -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20 and so on below `times`, the least first; all numbers where they are few."""
    if times <= WRITTEN_OUT_MAX:
        yield from range(1, times)
        return
    yield from takewhile(lambda step: step < times, _steps())


def _round(times: int) -> int:
    """Return the first step from `times` on."""
    return next(step for step in _steps() if step >= times)


def _steps() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20 and so on, without an end."""
    return (lead * 10**power for power in count() for lead in _LEADING)


def together(scenario: Scenario) -> Iterator[Scenario]:
    """Change all calls at once: whom they ask, or what they begin with; some findings compare calls."""
    first, *others = scenario.calls
    if not others:
        return
    usual = {field.name: field.default for field in fields(Call) if field.default is not MISSING}
    alike = [name for name in usual if all(getattr(call, name) == getattr(first, name) for call in others)]
    for names in (*((name,) for name in alike), ("provider", "model")):
        plain: dict[str, Any] = {name: usual[name] for name in names}
        yield replace(scenario, calls=tuple(replace(call, **plain) for call in scenario.calls))
    for one in simplify.PLAIN if any(call.times > 1 for call in scenario.calls) else ():
        yield replace(scenario, calls=tuple(_of_one(call, one) for call in scenario.calls))
    if first.text and all((call.text, call.times) == (first.text, first.times) for call in others):
        for less in simpler(first, ()):
            shorter = [replace(call, text=less.text, times=less.times) for call in scenario.calls]
            yield replace(scenario, calls=tuple(shorter))
    if all(_arguments(call) is not None for call in scenario.calls):
        yield replace(scenario, calls=_calling(scenario.calls))
    for name in _BEGINNINGS:
        start = getattr(first, name)
        if not start or not all(_begins(getattr(call, name), start) for call in others):
            continue
        plainer = [*simplify.simpler(to_json(start))]
        if name == "messages":
            plainer.append([*DEFAULT_MESSAGES])
        if name == "text":
            plainer += _monotonous(start)
        for less in plainer:
            if less or name != "messages":
                changed = [_instead(call, name, start, less) for call in scenario.calls]
                yield replace(scenario, calls=tuple(changed))


def _arguments(call: Call) -> Mapping[str, Json] | None:
    """Return the arguments of the last tool that was called in a prompt, None where none was."""
    called = [one for said in call.messages for one in objects(said.get("tool_calls"))]
    if call.text is not None or not called:
        return None
    return mapping(object_of(text_of(mapping(called[-1].get("function")).get("arguments"))))


def _calling(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Return the simplest calls in which a tool is called with what only some have among its arguments."""
    given = [_arguments(call) or {} for call in calls]
    changed = []
    for call, arguments in zip(calls, given, strict=True):
        own = {name: said for name, said in arguments.items() if any(name not in other for other in given)}
        called = tool_call("ping", json.dumps(own, ensure_ascii=False), call_id="a")
        messages = (message("assistant", None, calls=[called]), _CALLING[1])
        changed.append(replace(call, messages=messages, tools=(_TOOL,)))
    return tuple(changed)


def _begins(value: Any, start: Any) -> bool:
    return value is not None and value[: len(start)] == start


def _instead(call: Call, name: str, start: Any, less: Any) -> Call:
    """Return `call` with `less` in place of the `start` of its field."""
    begun = less if isinstance(start, str) else tuple(less)
    changed: dict[str, Any] = {name: begun + getattr(call, name)[len(start) :]}
    return replace(call, **changed)
