"""Simpler calls of `cost`: with fewer tokens, asked less often, and several that ask about the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from llminv.audit import simplify
from llminv.codec import from_json, to_json
from llminv.contract import Usage
from llminv.scenario import DEFAULT_USAGE, Call, Scenario


def said(call: Call) -> Call:
    """Return the call with all that it says: without a usage, a cost is that of the usual one."""
    asks = call.operation == "cost" and call.usage is None
    return replace(call, usage=DEFAULT_USAGE) if asks else call


def simpler(call: Call) -> Iterator[Call]:
    """Yield calls that ask less often; by halves, because every number would be a play of its own."""
    if call.operation == "cost" and call.times > 1:
        halves = [call.times >> shift for shift in range(call.times.bit_length())]
        yield from (replace(call, times=times) for times in (call.times - 1, *halves) if times < call.times)


def together(scenario: Scenario) -> Iterator[Scenario]:
    """Change a usage wherever it is asked about: some findings compare two calls about the same."""
    for usage in dict.fromkeys(call.usage for call in scenario.calls if call.usage is not None):
        for less in simplify.simpler(to_json(usage)):
            plainer = from_json(Usage, less)
            calls = [replace(call, usage=plainer) if call.usage == usage else call for call in scenario.calls]
            yield replace(scenario, calls=tuple(calls))
