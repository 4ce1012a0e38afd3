"""concurrency_isolation: calls that are under way at once do not mix, and leave nothing behind for the next.

Every prompt carries its call's marker, every answer names its call, and every other call is billed another
usage, so that a text, a usage, an error or a request that belongs to another call can be told. Answers take
a while, so that calls overlap. How the handler keeps its calls apart is its own affair: one that serves
them one after another, behind a lock, keeps this promise. All calls of a scenario are made in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from llminv.contract import Usage
from llminv.history import CallStarted, History, Raised, Replied, RequestReceived
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import Route, RoutingInvariant, told
from llminv.kinds.laws.ways import WAYS, reported_usage
from llminv.scenario import DEFAULT_USAGE, Act, Call, Said, Scenario, Script, default_text
from llminv.simulation.providers import marker
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CALLS_MAX = 4
# Of an answer, unless the policy's limits are short.
DELAY_S = 1.0
# What every other call is billed: nobody's estimate of a short prompt, and no multiple of the default.
OTHER_USAGE = Usage(input_tokens=101, output_tokens=53)

CODES = {
    "request_mixed": "A request carried the prompts of several calls.",
    "text_mixed": "A call got the answer to another one.",
    "text_lost": "A provider answered a call, and the caller got another text.",
    "usage_mixed": "A call reported usage that another one was billed.",
    "provider_mixed": "A call reported the provider that served another one.",
    "error_mixed": "A call failed although no provider had failed it, or one had answered it.",
    **routing.STOPPED_CODES,
}

# One call as drawn: its fault or None for each provider of the chain; how many delays its answers take; and
# whether it starts when the calls before it have ended.
_Drawn = tuple[tuple[str | None, ...], int, bool]

_MARKERS = re.compile(re.escape(marker(0).removesuffix("0")) + r"(\d+)")
_AT_ONCE = "calls were under way at once"
_APART = "one call failed over while another did not"


class ConcurrencyIsolation(RoutingInvariant):
    """The YAML fields."""


def _delay_s(promise: Promise) -> float:
    limits = promise.policy.timeouts
    return min(DELAY_S, limits.first_token_s / 4, limits.attempt_s / 4, limits.total_s / (4 * CALLS_MAX))


def _scenario(promise: Promise, operation: str, drawn: Sequence[_Drawn]) -> Scenario:
    """Return calls made in one way, which start together but for those that start later."""
    start = routing.start_of(promise)
    joins = [number > 0 and not later for number, (_, _, later) in enumerate(drawn)]
    calls = tuple(Call(operation, start=start, joins=join) for join in joins)
    chain = routing.reached_of(promise)
    rows = []
    for call, (faults, delays, _) in enumerate(drawn):
        said = Said(usage=OTHER_USAGE) if call % 2 else None
        for provider, fault in zip(chain, (*faults, None), strict=False):
            act = Act(fault, said=said, delay_s=delays * _delay_s(promise))
            rows.append(Script(call, provider, then=act))
    return Scenario(calls, tuple(rows))


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    length = len(routing.chain_of(promise))
    fine: _Drawn = ((None,) * length, 1, False)
    slow: _Drawn = ((None,) * length, 2, False)
    later: _Drawn = ((None,) * length, 1, True)
    for operation in operations:
        yield _scenario(promise, operation, [fine, fine])
        yield _scenario(promise, operation, [slow, fine])
        yield _scenario(promise, operation, [fine] * CALLS_MAX)
        for fault in routing.faults_of(promise):
            first_down: _Drawn = ((fault, *(None,) * (length - 1)), 1, False)
            all_down: _Drawn = ((fault,) * length, 1, False)
            yield _scenario(promise, operation, [first_down, fine])
            yield _scenario(promise, operation, [fine, first_down])
            yield _scenario(promise, operation, [all_down, slow, later])


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    fault = st.sampled_from((None, *routing.faults_of(promise)))
    faults = st.tuples(*[st.one_of(st.none(), fault) for _ in routing.chain_of(promise)])
    call = st.tuples(faults, st.integers(0, 2), st.booleans())
    calls = st.lists(call, min_size=2, max_size=CALLS_MAX)
    return st.builds(_scenario, st.just(promise), st.sampled_from(list(operations)), calls)


def _required(promise: Promise) -> frozenset[str]:
    falls_back = any(promise.policy.stance(fault) == "fallback" for fault in routing.faults_of(promise))
    if falls_back and len(routing.reached_of(promise)) > 1:
        return frozenset({_AT_ONCE, _APART})
    return frozenset({_AT_ONCE})


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    routes = [routing.route_of(promise, scenario, history, call) for call in range(len(scenario.calls))]
    starts = {event.call: event.at_s for event in history.of(CallStarted)}
    spans = [(starts[call], route.ended_at_s()) for call, route in enumerate(routes) if route.attempts]
    if any(max(one[0], other[0]) < min(one[1], other[1]) for one, other in combinations(spans, 2)):
        labels.add(_AT_ONCE)
    moved = [len(route.tried) > 1 for route in routes if route.answered is not None]
    if _AT_ONCE in labels and True in moved and False in moved:
        labels.add(_APART)
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = list(_requests(history))
    routes = [routing.route_of(promise, scenario, history, call) for call in range(len(scenario.calls))]
    for call, route in enumerate(routes):
        others = [other for other in range(len(routes)) if other != call]
        if isinstance(route.outcome, Raised):
            findings += _error(promise, route, call)
        elif isinstance(route.outcome, Replied):
            findings += _text(promise, history, route, call, others)
            findings += _usage(scenario, history, routes, call, others)
            findings += _provider(routes, call, others)
        findings += routing.stopped(route, call)
    return findings


def _requests(history: History) -> Iterator[Finding]:
    for request in history.of(RequestReceived):
        carried = sorted(set(map(int, _MARKERS.findall(request.body))))
        if len(carried) > 1:
            expected = f"a request to {request.provider} carries the prompt of one call"
            observed = f"it carries the prompts of calls {', '.join(map(str, carried))}"
            where = (carried[0], request.provider, None, request.at_s)
            yield Finding("request_mixed", expected, observed, *where)


def _error(promise: Promise, route: Route, call: int) -> Iterator[Finding]:
    """Look at a call that failed: something must have happened to it, and nobody have answered it.

    Where a cooldown is declared, another call's failures may well leave no provider for this one.
    """
    answered = route.answered
    if routing.past_deadline(promise, route):
        return
    if answered is not None:
        expected = f"call {call} gets the answer of {answered.provider}"
        where = (call, answered.provider, None, route.ended_at_s())
        yield Finding("error_mixed", expected, told(route.outcome), *where)
    elif promise.policy.cooldown is None and not any(attempt.fault for attempt in route.attempts):
        expected = f"call {call} gets an answer: no provider failed it"
        provider = route.tried[0] if route.tried else route.order[0]
        yield Finding("error_mixed", expected, told(route.outcome), call, provider, None, route.ended_at_s())


def _text(
    promise: Promise, history: History, route: Route, call: int, others: Sequence[int]
) -> Iterator[Finding]:
    text, at_s = routing.text_got(history, call), route.ended_at_s()
    expected = f"call {call} gets its own answer"
    for provider in promise.providers:
        for other in others:
            if default_text(provider, other) in text:
                yield Finding("text_mixed", expected, f"the reply {text!r}", call, provider, None, at_s)
                return
    answered = route.answered
    if answered is not None and default_text(answered.provider, call) not in text:
        yield Finding("text_lost", expected, f"the reply {text!r}", call, answered.provider, None, at_s)


def _usage(
    scenario: Scenario, history: History, routes: Sequence[Route], call: int, others: Sequence[int]
) -> Iterator[Finding]:
    """Look for another call's usage, alone or in a sum; what the handler estimates is its own affair."""
    billed = {number: _billed(scenario, routes[number], number) for number in (call, *others)}
    reported, own = reported_usage(history, call), billed[call]
    if reported is None or own is None or _told(reported) == _told(own):
        return
    known = [other for other in others if billed[other] is not None]
    for count in range(1, len(known) + 1):
        for some in combinations(known, count):
            for mine in ((), (call,)):
                parts = [_told(usage) for number in (*mine, *some) if (usage := billed[number]) is not None]
                if _told(reported) == tuple(map(sum, zip(*parts, strict=True))):
                    expected = f"call {call} reports {own.input_tokens} input tokens, as it was billed"
                    whose = " and ".join(f"call {number}" for number in sorted((*mine, *some)))
                    observed = f"it reports {reported.input_tokens}, the bill of {whose}"
                    answered = routes[call].answered
                    provider = answered.provider if answered else None
                    at_s = routes[call].ended_at_s()
                    yield Finding("usage_mixed", expected, observed, call, provider, None, at_s)
                    return


def _billed(scenario: Scenario, route: Route, call: int) -> Usage | None:
    """Return the usage that the answer to `call` reported; None where there was none, or an odd one."""
    answered = route.answered
    if answered is None or answered.fault in ("usage_missing", "usage_wrong"):
        return None
    said = scenario.script(call, answered.provider).act(answered.attempt).said
    return (said.usage if said is not None else None) or DEFAULT_USAGE


def _told(usage: Usage) -> tuple[int, int]:
    return (usage.input_tokens or 0, usage.output_tokens or 0)


def _provider(routes: Sequence[Route], call: int, others: Sequence[int]) -> Iterator[Finding]:
    """Look at a call that its first provider served; what is reported after a fallback is another law's."""
    route = routes[call]
    if not isinstance(route.outcome, Replied) or route.outcome.reply is None or route.answered is None:
        return
    reported, served_by = (route.outcome.reply.provider or "").casefold(), route.answered.provider
    if reported == served_by.casefold() or route.tried != (served_by,):
        return
    for other in others:
        answered = routes[other].answered
        if answered is not None and answered.provider.casefold() == reported:
            expected = f"call {call} reports {served_by}, which served it"
            observed = f"it reports {reported}, which served call {other}"
            where = (call, served_by, None, route.ended_at_s())
            yield Finding("provider_mixed", expected, observed, *where)
            return


def _describe(promise: Promise) -> str:
    return (
        f"makes 2 to {CALLS_MAX} calls, together or one after another, each with a prompt and answer of its "
        f"own, while {', '.join(routing.classes_of(promise))} happen to some of them"
    )


def _moot(promise: Promise) -> dict[str, str]:
    return {} if len(routing.reached_of(promise)) > 1 else {"provider_mixed": routing.ALONE}


KIND = Kind(
    name="concurrency_isolation",
    summary="Calls under way at once do not mix: no text, usage, error or prompt of one shows in another.",
    model=ConcurrencyIsolation,
    operations=WAYS,
    faults=routing.faults_of,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    moot=_moot,
)
