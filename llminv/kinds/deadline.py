"""deadline: nobody is waited for beyond the declared limits, and nobody is cut off within them.

The law, for the limits that the policy declares. A connection attempt is given up after `connect_s`; an
attempt whose headers (for a stream: whose first token) do not come within `first_token_s`, in whose answer
nothing comes for `idle_s`, or which lasts longer than `attempt_s`, is given up; pings are not progress. The
whole call ends within `total_s`, and no attempt begins after it. An answer that comes slowly but within all
of them is given to the caller. Waiting for what can never happen is a hang.

Judged is what the history shows without doubt: bytes that the handler took after a limit, and the moment at
which it let go of a connection on which nothing came. What it left open in the background while it went on,
and waited no longer for, is not judged. Where a limit is not declared, the handler may have any.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from llminv.declaration.fields import Limit
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import pauses, routing
from llminv.kinds.laws.deadline_law import (
    EVENTS_BEFORE_FIRST,
    OVERDUE,
    PINGS_BETWEEN,
    SLOW,
    InTime,
    limits_of,
    live_s,
    pieces_of,
)
from llminv.kinds.laws.reaching import on_all_ways, on_the_way
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.ways import WAYS, Way
from llminv.scenario import ANSWER, Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS, Effect
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "connect_too_long": "A connection attempt was not given up within connect_s.",
    "first_token_too_late": "An attempt without headers, or without a first token, was not given up in time.",
    "idle_too_long": "An attempt on which nothing more came was not given up within idle_s.",
    "attempt_too_long": "An attempt was not given up within attempt_s.",
    "call_too_long": "A call did not end within total_s.",
    "attempt_after_deadline": "An attempt began after total_s.",
    "live_answer_killed": "An answer that came slowly, but within all limits, was not given to the caller.",
    **routing.STOPPED_CODES,
}
# What the silent faults put at stake, in the order of an attempt.
SILENT = {"connect_timeout": "connect_s", "no_answer": "first_token_s", "stall": "idle_s"}
PINGS = "stall_with_pings"
# An answer has not more bytes than that to come one by one.
PIECES_MAX = 100


class Deadline(RoutingInvariant):
    """The YAML fields. `tolerance_s` forgives a handler that looks at the clock only so often.

    aiohttp looks once a second: limits above 5 s end at the next whole second of the loop's clock
    (https://docs.aiohttp.org/en/stable/client_reference.html#aiohttp.ClientTimeout.ceil_threshold).

    `ways` are those in which calls are made: all, unless they are named. A client whose limits begin anew
    with every byte keeps them for whole answers, and not for streams with pings.
    """

    tolerance_s: Limit = 1.0
    ways: Annotated[tuple[Way, ...], Field(min_length=1)] | None = None


def _fields(promise: Promise) -> Deadline:
    if not isinstance(promise.invariant, Deadline):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


def _tolerance_s(promise: Promise) -> float:
    return _fields(promise).tolerance_s


def _ways(promise: Promise) -> tuple[str, ...]:
    named = _fields(promise).ways
    return tuple(way for way in WAYS if named is None or way in named)


# Scenarios


def _silent(promise: Promise, *, streamed: bool) -> list[Act]:
    acts = [Act(fault) for fault, limit in SILENT.items() if limit in limits_of(promise)]
    if "idle_s" in limits_of(promise):
        acts.append(Act("stall", after=1))
        acts += [Act(PINGS), Act(PINGS, after=1)] if streamed else []
    return acts


def _slow(promise: Promise, *, streamed: bool) -> list[Act]:
    """Return the slow answers: just within each limit, then clearly beyond it."""
    limits, margin_s = limits_of(promise), 2 * _tolerance_s(promise)
    if not limits.keys() >= {"first_token_s", "idle_s", "attempt_s"}:
        return []
    first_s, idle_s, attempt_s = (limits[name] for name in ("first_token_s", "idle_s", "attempt_s"))
    gaps = pieces_of(Act(), "", 0, streamed=streamed) - 1
    delay_s = max(0.0, min(first_s, attempt_s) - margin_s)
    gap_s = min(idle_s - margin_s, (attempt_s - margin_s) / gaps)
    if streamed:
        gap_s = min(
            gap_s, (first_s - margin_s) / EVENTS_BEFORE_FIRST, (idle_s - margin_s) / (1 + PINGS_BETWEEN)
        )
    both_s = min(gap_s, (attempt_s - margin_s - delay_s) / gaps)
    acts = [Act("slow_headers", delay_s=delay_s), Act("slow_drip", gap_s=max(0.0, gap_s))]
    if not streamed:
        acts.append(Act("slow_drip", delay_s=delay_s, gap_s=max(0.0, both_s)))
    acts += [Act("slow_headers", delay_s=first_s + margin_s), Act("slow_drip", gap_s=idle_s + margin_s)]
    if gaps * idle_s > attempt_s + (gaps + 2) * margin_s:
        acts.append(Act("slow_drip", gap_s=idle_s - margin_s))
    elif not streamed and idle_s > margin_s:
        # Each wait is within its limit, and all together are not: a limit on each read is none on an attempt.
        pieces = math.ceil((attempt_s + margin_s) / (idle_s - margin_s))
        acts += [Act("slow_drip", gap_s=idle_s - margin_s, pieces=pieces)] if pieces <= PIECES_MAX else []
    return acts


def _long_calls(promise: Promise, call: Call) -> Iterator[Scenario]:
    """Yield calls that would last longer than total_s, were every attempt made: all providers fail slowly."""
    policy = promise.policy
    order = routing.order_from(policy, call.start)
    cap_s = int(min(policy.retries.retry_after_cap_s, pauses.asked_max_s(policy)))
    advised = [
        Act(name, retry_after=str(cap_s))
        for name in FAULTS
        if name in policy.retry_faults
        and FAULTS[name].fault_class in pauses.ADVISED
        and FAULTS[name].effect is Effect.ERROR
    ][:1]
    silent = Act("no_answer")
    rows = [Script(0, "", then=act) for act in advised]
    rows += [Script(0, "", (act,), silent) for act in advised]
    rows.append(Script(0, "", then=silent))
    for row in rows:
        scripts = tuple(Script(0, provider, row.attempts, row.then) for provider in order)
        if len(order) * _lasts_s(promise, row) > policy.timeouts.total_s + 2 * _tolerance_s(promise):
            yield Scenario((call,), scripts)


def _lasts_s(promise: Promise, row: Script) -> float:
    """Return how long a provider with these acts keeps a call, at least, when all its attempts are made."""
    policy = promise.policy
    lasts_s = 0.0
    for retry in range(policy.retries.max + 1):
        act = row.act(retry)
        lasts_s += policy.timeouts.first_token_s if act.fault == "no_answer" else 0.0
        if act.fault not in policy.retry_faults or retry == policy.retries.max:
            break
        lasts_s += float(act.retry_after) if act.retry_after else pauses.backoff(policy, retry).least_s
    return lasts_s


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    chain = routing.chain_of(promise)
    for operation in operations:
        call = Call(operation, start=routing.start_of(promise))
        streamed = operation in routing.STREAM
        for provider in chain:
            way = on_the_way(promise, provider)
            if provider != chain[0] and not way:
                break
            rows = [Script(0, provider, then=act) for act in _silent(promise, streamed=streamed)]
            rows += [Script(0, provider, (act,)) for act in _slow(promise, streamed=streamed)]
            yield from (Scenario((call,), (*way, row)) for row in rows)
        if "total_s" in limits_of(promise):
            yield from _long_calls(promise, call)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    timeouts, retries = promise.policy.timeouts, promise.policy.retries
    delays = st.integers(0, int(2 * timeouts.first_token_s) + 2).map(float)
    gaps = st.integers(0, int(2 * timeouts.idle_s) + 2).map(float)
    waits_max_s = min(retries.retry_after_cap_s + 1, pauses.asked_max_s(promise.policy))
    waits = st.integers(0, int(waits_max_s)).map(str)
    silent = [act for streamed in (False, True) for act in _silent(promise, streamed=streamed)]
    acts = st.one_of(
        st.sampled_from([*dict.fromkeys(silent), Act("http_429"), Act("http_500")]),
        st.builds(Act, st.just("http_429"), retry_after=waits),
        st.builds(Act, st.just("slow_drip"), delay_s=delays, gap_s=gaps),
    )
    attempts = st.lists(acts, max_size=min(retries.max, 2) + 1).map(tuple)
    rows = [
        st.builds(Script, st.just(0), st.just(provider), attempts, st.one_of(st.just(ANSWER), acts))
        for provider in routing.chain_of(promise)
    ]
    return st.builds(routing.scenario_of, routing.calls(promise, operations), on_all_ways(promise, rows))


# Labels


def _required(promise: Promise) -> frozenset[str]:
    first, *others = routing.chain_of(promise)
    limits = limits_of(promise)
    labels: set[str] = set()
    for provider in (first, *(name for name in others if on_the_way(promise, name))):
        labels |= {f"{limit} was at stake at {provider}" for limit in SILENT.values() if limit in limits}
        if _slow(promise, streamed=False) and "total_s" in limits:
            labels.add(f"{provider} answered slowly, within the limits")
    if "total_s" in limits and any(_long_calls(promise, Call("complete", start=routing.start_of(promise)))):
        labels.add("total_s was at stake")
    return frozenset(labels)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    timeouts, cap_s = promise.policy.timeouts, promise.policy.retries.retry_after_cap_s
    for number, call in enumerate(scenario.calls):
        route = routing.route_of(promise, scenario, history, number)
        for attempt in route.attempts:
            if attempt.reached and attempt.fault in SILENT:
                labels.add(f"{SILENT[attempt.fault]} was at stake at {attempt.provider}")
            act = scenario.script(number, attempt.provider).act(attempt.attempt)
            if live_s(promise, _tolerance_s(promise), act, attempt, call.operation) is not None:
                labels.add(f"{attempt.provider} answered slowly, within the limits")
        longest_s = max(timeouts.attempt_s, cap_s)
        if route.ended_at_s() - routing.started_s(history, number) >= timeouts.total_s - longest_s:
            labels.add("total_s was at stake")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        findings += InTime(promise, _tolerance_s(promise), scenario, history, call).findings()
        findings += routing.stopped(route, call)
    return findings


def _describe(promise: Promise) -> str:
    limits = ", ".join(f"{name} {value:g}" for name, value in limits_of(promise).items())
    return (
        f"keeps each of {', '.join(routing.chain_of(promise))} silent before the connection, the headers and "
        f"the rest of the answer, lets each answer slowly, within and clearly beyond the limits ({limits}), "
        "and lets all of them fail so slowly that the call would last too long; and drawn mixtures of all"
    )


def _silences(promise: Promise) -> tuple[str, ...]:
    return () if limits_of(promise) else ("policy silent on timeouts",)


def _faults(promise: Promise) -> tuple[str, ...]:
    del promise
    return tuple(name for name in FAULTS if name in ("http_429", "http_500", *SILENT, PINGS, *SLOW))


_LIMIT_OF = {"connect_too_long": "connect_s", "call_too_long": "total_s", "attempt_after_deadline": "total_s"}


def _moot(promise: Promise) -> dict[str, str]:
    limits = limits_of(promise)
    limit_of = _LIMIT_OF | {code: limit for limit, code in OVERDUE.items()}
    moot = {
        code: f"the policy declares no {limit}" for code, limit in limit_of.items() if limit not in limits
    }
    if not _slow(promise, streamed=False):
        moot["live_answer_killed"] = "the policy does not declare every limit within which an answer may come"
    return moot


KIND = Kind(
    name="deadline",
    summary="Nobody is waited for beyond the declared limits, and a slow answer within them is not cut off.",
    model=Deadline,
    operations=WAYS,
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_silences,
    narrowed=_ways,
    moot=_moot,
)
