"""concurrency_isolation: calls that are under way at once do not mix.

Every prompt carries its call's marker and every answer names its call, so that a text, a usage, an error
or a request that belongs to another call can be told. Answers take a second, so that calls overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llminv.contract import Usage
from llminv.history import CallStarted, History, Raised, Replied, RequestReceived
from llminv.kinds import routing
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.routing import Route, RoutingInvariant, told
from llminv.scenario import Act, Call, Said, Scenario, Script, default_text
from llminv.simulation.providers import marker
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CALLS_MAX = 4
DELAY_S = 1.0

CODES = {
    "text_mixed": "A call got the answer to another one.",
    "request_mixed": "A request carried the prompt of another call.",
    "usage_mixed": "A call got the usage of another one.",
    "error_mixed": "A call failed although a provider had answered it.",
    **routing.STOPPED_CODES,
}

_MARKERS = re.compile(marker(0).removesuffix("0") + r"(\d+)")


class ConcurrencyIsolation(RoutingInvariant):
    """The YAML fields."""


def _usage(call: int) -> Usage:
    """Return what a provider bills for `call`: no two are equal."""
    return Usage(input_tokens=11 + call, output_tokens=5 + call)


def _script(call: int, provider: str, fault: str | None) -> Script:
    return Script(call, provider, then=Act(fault, said=Said(usage=_usage(call)), delay_s=DELAY_S))


def _scenario(promise: Promise, operations: list[str], faults: list[tuple[str | None, ...]]) -> Scenario:
    """Return calls that start together; `faults` has a fault or None for each provider, for each call."""
    start = routing.start_of(promise)
    calls = tuple(
        Call(operation, start=start, joins=number > 0) for number, operation in enumerate(operations)
    )
    chain = routing.reached_of(promise)
    rows = tuple(
        _script(call, provider, fault)
        for call, of_call in enumerate(faults)
        for provider, fault in zip(chain, (*of_call, None), strict=False)
    )
    return Scenario(calls, rows)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    fine: tuple[str | None, ...] = (None,) * len(routing.chain_of(promise))
    for operation in operations:
        yield _scenario(promise, [operation] * 2, [fine, fine])
        yield _scenario(promise, [operation] * CALLS_MAX, [fine] * CALLS_MAX)
        for fault in routing.faults_of(promise):
            first_down = (fault, *fine[1:])
            yield _scenario(promise, [operation] * 2, [first_down, fine])
            yield _scenario(promise, [operation] * 2, [fine, first_down])
            yield _scenario(promise, [operation] * 2, [(fault,) * len(fine), fine])


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    fault = st.one_of(st.none(), st.sampled_from(routing.faults_of(promise)))
    of_call = st.tuples(*[fault for _ in routing.chain_of(promise)])
    pairs = st.lists(st.tuples(st.sampled_from(list(operations)), of_call), min_size=2, max_size=CALLS_MAX)
    return pairs.map(
        lambda drawn: _scenario(promise, [operation for operation, _ in drawn], [row for _, row in drawn])
    )


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    del promise, operations
    yield from ()


def _required(promise: Promise) -> frozenset[str]:
    del promise
    return frozenset({"calls overlapped", "one call failed over while another did not"})


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    seen: list[int] = []
    for request in history.of(RequestReceived):
        if request.call not in seen[-1:]:
            seen.append(request.call)
    ended = [history.outcome(call) for call in range(len(scenario.calls))]
    starts = [event.at_s for event in history.of(CallStarted)]
    ends = [outcome.at_s for outcome in ended if outcome is not None]
    if len(set(seen)) > 1 and starts and ends and max(starts) < min(ends):
        labels.add("calls overlapped")
    routes = [routing.route_of(promise, scenario, history, call) for call in range(len(scenario.calls))]
    moved = [len(route.tried) > 1 for route in routes if route.answered is not None]
    if True in moved and False in moved:
        labels.add("one call failed over while another did not")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = list(_requests(history))
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        findings += [*_answer(scenario, route, call), *routing.stopped(route, call)]
    return findings


def _requests(history: History) -> Iterator[Finding]:
    for request in history.of(RequestReceived):
        carried = sorted(set(map(int, _MARKERS.findall(request.body))))
        if len(carried) > 1:
            expected = f"a request to {request.provider} carries the prompt of one call"
            observed = f"the prompts of calls {', '.join(map(str, carried))} stand in one request"
            yield Finding(
                "request_mixed", expected, observed, carried[0], request.provider, None, request.at_s
            )


def _answer(scenario: Scenario, route: Route, call: int) -> Iterator[Finding]:
    outcome, answered = route.outcome, route.answered
    others = [other for other in range(len(scenario.calls)) if other != call]
    if isinstance(outcome, Raised) and answered is not None:
        expected = f"call {call} gets the answer of {answered.provider}"
        yield Finding("error_mixed", expected, told(outcome), call, answered.provider, None, outcome.at_s)
    if not isinstance(outcome, Replied) or outcome.reply is None:
        return
    reply = outcome.reply
    for provider in route.order:
        for other in others:
            if default_text(provider, other) in reply.text:
                expected = f"call {call} gets its own answer"
                yield Finding("text_mixed", expected, told(outcome), call, provider, None, outcome.at_s)
                return
    foreign = [other for other in others if _same(reply.usage, _usage(other))]
    if foreign and not _same(reply.usage, _usage(call)):
        expected = f"call {call} reports {_usage(call).input_tokens} input tokens"
        observed = f"it reports {_usage(foreign[0]).input_tokens}, which call {foreign[0]} was billed"
        served_by = answered.provider if answered else None
        yield Finding("usage_mixed", expected, observed, call, served_by, None, outcome.at_s)


def _same(reported: Usage | None, billed: Usage) -> bool:
    return reported is not None and replace(reported, **_unbilled(billed)) == billed


def _unbilled(billed: Usage) -> dict[str, None]:
    """Return the buckets in which nothing is billed: how a handler reports nothing is its own affair."""
    names = ("cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
    return {name: None for name in names if getattr(billed, name) is None}


def _describe(promise: Promise) -> str:
    return (
        f"starts 2 to {CALLS_MAX} calls together, with prompts, answers and usage of their own, while "
        f"{', '.join(routing.classes_of(promise))} happen to some of them"
    )


KIND = Kind(
    name="concurrency_isolation",
    summary="Calls under way at once do not mix: no text, usage, error or prompt of one shows in another.",
    model=ConcurrencyIsolation,
    operations=routing.COMPLETE,
    faults=routing.faults_of,
    codes=CODES,
    examples=_examples,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=routing.silences,
)
