"""Simpler calls, beyond what can be said of any JSON value: whom they ask, how often a text is said, and what
several calls have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from llminv.audit import simplify
from llminv.codec import to_json
from llminv.scenario import Call, Scenario

# Texts up to this length are written out instead of repeated.
WRITTEN_OUT_MAX = 64
# The steps in which many repeats become fewer: every number would be a play of its own.
_LEADING = (5, 2, 1)
# The fields in which calls can begin alike; their values are texts or lists of any JSON (Any below).
_BEGINNINGS = ("text", "messages", "tools")


def distance(call: Call, chain: Sequence[str]) -> int:
    """Return how far the provider that `call` asks about is from the first one, which is the simplest."""
    return chain.index(call.provider) if call.provider in chain else 0


def simpler(call: Call, chain: Sequence[str]) -> Iterator[Call]:
    """Yield calls that ask an earlier provider, say a text less often, or count a text and no messages."""
    for index in range(distance(call, chain)):
        yield replace(call, provider=chain[index] if index else None, model=None)
    if call.text is None:
        contents = [message.get("content") for message in call.messages]
        if call.operation == "count_tokens" and not call.tools:
            yield from (replace(Call(call.operation), text=one) for one in contents if isinstance(one, str))
        return
    if call.times > 1:
        if len(call.text) * call.times <= WRITTEN_OUT_MAX:
            yield replace(call, text=call.text * call.times, times=1)
        yield from (replace(call, times=times) for times in _fewer(call.times))


def _fewer(times: int) -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20 and so on below `times`, the least first; all numbers where they are few."""
    if times <= WRITTEN_OUT_MAX:
        yield from range(1, times)
        return
    power = 1
    while power < times:
        yield from (lead * power for lead in sorted(_LEADING) if lead * power < times)
        power *= 10


def together(scenario: Scenario) -> Iterator[Scenario]:
    """Change all calls at once: whom they ask, or what they begin with; some findings compare calls."""
    first, *others = scenario.calls
    if not others:
        return
    for whose in ({"provider": None, "model": None}, {"model": None}):
        fields: dict[str, Any] = whose
        if any(replace(call, **fields) != call for call in scenario.calls):
            yield replace(scenario, calls=tuple(replace(call, **fields) for call in scenario.calls))
    for name in _BEGINNINGS:
        start = getattr(first, name)
        if not start or not all(_begins(getattr(call, name), start) for call in others):
            continue
        for less in simplify.simpler(to_json(start)):
            if less or name != "messages":
                changed = [_instead(call, name, start, less) for call in scenario.calls]
                yield replace(scenario, calls=tuple(changed))


def _begins(value: Any, start: Any) -> bool:
    return value is not None and value[: len(start)] == start


def _instead(call: Call, name: str, start: Any, less: Any) -> Call:
    """Return `call` with `less` in place of the `start` of its field."""
    begun = less if isinstance(start, str) else tuple(less)
    fields: dict[str, Any] = {name: begun + getattr(call, name)[len(start) :]}
    return replace(call, **fields)
