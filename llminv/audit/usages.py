"""Usages of fewer tokens, and simpler calls of `cost`: asked less often, several that ask about the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from llminv.audit import simplify
from llminv.codec import from_json, to_json
from llminv.contract import Usage
from llminv.scenario import DEFAULT_USAGE, Call, Scenario

# The counts that are a part of another.
_WHOLES = {
    "cached_input_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "reasoning_tokens": "output_tokens",
}
# How often a call may ask in the end: every number would be a play of its own.
_TIMES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


def said(call: Call) -> Call:
    """Return the call with all that it says: without a usage, a cost is that of the usual one."""
    return replace(call, usage=DEFAULT_USAGE) if _asks(call) and call.usage is None else call


def simpler(call: Call) -> Iterator[Call]:
    """Yield calls that ask less often, and about less than the usual usage."""
    if not _asks(call):
        return
    yield from (replace(call, times=times) for times in _TIMES if times < call.times)
    if call.usage is not None:
        yield from (replace(call, usage=usage) for usage in fewer(call.usage))
    else:
        usages = simplify.simpler(to_json(DEFAULT_USAGE))
        yield from (replace(call, usage=from_json(Usage, usage)) for usage in usages)


def fewer(usage: Usage) -> Iterator[Usage]:
    """Yield usages with fewer tokens in a whole and in a part of it, which cannot be more than the whole."""
    for part, whole in _WHOLES.items():
        count = min(getattr(usage, part) or 0, getattr(usage, whole) or 0)
        for less in {count, *(count >> shift for shift in range(1, count.bit_length()))} - {0}:
            fewer = {name: getattr(usage, name) - less for name in (part, whole)}
            yield replace(usage, **fewer)


def together(scenario: Scenario) -> Iterator[Scenario]:
    """Change several calls at once: some findings compare what is asked more than once, or in an order."""
    calls = scenario.calls
    if scenario.acts or len(calls) < 2 or not all(map(_asks, calls)):
        return
    yield replace(scenario, calls=calls[::-1])
    for index, call in enumerate(calls):
        if call in calls[:index]:
            first = calls.index(call)
            again = replace(call, times=2 * call.times)
            yield replace(
                scenario, calls=(*calls[:first], again, *calls[first + 1 : index], *calls[index + 1 :])
            )
    for usage in dict.fromkeys(call.usage for call in calls if call.usage is not None):
        for less in simplify.simpler(to_json(usage)):
            plainer = from_json(Usage, less)
            same = [replace(call, usage=plainer) if call.usage == usage else call for call in calls]
            yield replace(scenario, calls=tuple(same))


def _asks(call: Call) -> bool:
    return call.operation == "cost"
