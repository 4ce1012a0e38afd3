"""cooldown: a provider that failed as declared is left alone until its cooldown ends, and used again after.

Judged against a small reference model over sequences of calls and waits (`cooldown_law`). The policy leaves
room for several readings; a handler keeps its promise as long as one of them agrees with all that it did.
With `cooldown: none` declared, nothing ever holds a provider back. What a call does that finds every provider
in cooldown is judged where it is declared (`all_in_cooldown`). Faults that the policy raises are played too,
whatever `failures` says of those after which it falls back: they do not cool a provider down, unless the
cooldown names them, and one that is tried with such a request is not lost for the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from llminv.declaration.fields import Count
from llminv.declaration.models import Cooldown, meant
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.cooldown_law import margin_s, walk
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

ALL_RESTING = "every provider was in cooldown at a call"
# How long a call fails later than the one that it runs beside, at most.
LATER_S = 10.0

CODES = {
    "called_in_cooldown": "A provider was called that should have been left alone.",
    "left_alone": "A provider was not called although it was its turn and nothing held it back.",
    "failure_as_content": "Every provider was in cooldown, and the caller got a reply.",
    "wrong_error": "Every provider was in cooldown, and the error is not the declared one.",
    **routing.STOPPED_CODES,
}


class CooldownInvariant(RoutingInvariant):
    """The YAML fields; `calls` is how many calls a drawn sequence has, beyond those that cool."""

    calls: Annotated[Count, Field(ge=1)] = 6


def _fields(promise: Promise) -> CooldownInvariant:
    if not isinstance(promise.invariant, CooldownInvariant):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


# What is played


@dataclass(frozen=True)
class _Step:
    """One call of a sequence: the wait before it, its fault, and at how many providers that happens."""

    wait_s: float = 0.0
    fault: str | None = None
    providers: int = 1
    later_s: float = 0.0
    joins: bool = False


def _faults(promise: Promise) -> tuple[str, ...]:
    """Return the faults to play: those that cool a provider down, and one of each other way to fail."""
    played = {*_cooling(promise), *_others(promise)}
    return tuple(name for name in FAULTS if name in played)


def _cooling(promise: Promise) -> tuple[str, ...]:
    """Return the faults that fall back and cool a provider down; with no cooldown all that fall back."""
    return tuple(name for name in _falling(promise) if _counts(promise, name))


def _counts(promise: Promise, fault: str) -> bool:
    cooldown = promise.policy.cooldown
    return cooldown is None or fault in meant(cooldown.faults)


def _others(promise: Promise) -> tuple[str, ...]:
    """Return the other ways to fail: a fault of each class that never counts, and of each that is raised."""
    falling = [name for name in _falling(promise) if not _counts(promise, name)]
    raised = [name for name in FAULTS if promise.policy.stance(name) == "raise"]
    ways = {
        (FAULTS[name].fault_class, promise.policy.stance(name), _counts(promise, name)): name
        for name in reversed([*falling, *raised])
    }
    return tuple(reversed(ways.values()))


def _falling(promise: Promise) -> list[str]:
    return [name for name in routing.faults_of(promise) if promise.policy.stance(name) == "fallback"]


def _in(promise: Promise, operation: str, faults: Sequence[str]) -> list[str]:
    """Return those of `faults` that are failures in a call of `operation`; in streams one of each sort."""
    names = [name for name in faults if routing.fails_in(promise.policy, operation, name)]
    return routing.of_each_sort(names) if operation in routing.STREAM else names


def _all_in_cooldown(promise: Promise) -> str | None:
    """Return what is declared for a call that finds every provider in cooldown."""
    cooldown = promise.policy.cooldown
    return None if cooldown is None else cooldown.all_in_cooldown


def _broken(promise: Promise) -> tuple[str, ...]:
    """Return the providers to break: the first two, and without such a declaration one is left to answer."""
    if _all_in_cooldown(promise):
        return routing.order_from(promise.policy, routing.start_of(promise))
    chain = routing.chain_of(promise)
    return chain[: max(1, min(2, len(promise.policy.chain) - 1))]


def _sequence(promise: Promise, operation: str, steps: Sequence[_Step]) -> Scenario:
    start = routing.start_of(promise)
    calls = tuple(Call(operation, start=start, wait_s=step.wait_s, joins=step.joins) for step in steps)
    rows = tuple(
        Script(call, provider, then=Act(step.fault, delay_s=step.later_s))
        for call, step in enumerate(steps)
        if step.fault is not None
        for provider in _broken(promise)[: step.providers]
    )
    return Scenario(calls, rows)


def _waits(cooldown: Cooldown | None) -> tuple[float, ...]:
    if cooldown is None:
        return (0.0, 30.0)
    close_s = 2 * margin_s(cooldown)
    return (0.0, cooldown.seconds / 2, cooldown.seconds - close_s, cooldown.seconds + close_s)


def _failures(promise: Promise) -> int:
    """Return how many calls have to fail before a provider must rest; with no cooldown, more than enough."""
    cooldown = promise.policy.cooldown
    return max(1, _fields(promise).calls - 1) if cooldown is None else cooldown.after_failures


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    cooldown = promise.policy.cooldown
    for operation in operations:
        faults = _in(promise, operation, _cooling(promise))
        late = [name for name in faults if not FAULTS[name].before_request]
        once = [name for name in late if name not in promise.policy.retry_faults] or late or faults
        yield _sequence(promise, operation, [_Step(), _Step()])
        for fault in faults:
            failed = [_Step(fault=fault)] * _failures(promise)
            yield _sequence(promise, operation, [*failed, _Step(), _Step()])
            if cooldown is not None:
                yield _sequence(promise, operation, [*failed, _Step(_waits(cooldown)[-1]), _Step()])
        others = _in(promise, operation, _others(promise))
        for fault in others:
            yield _sequence(promise, operation, [*[_Step(fault=fault)] * _failures(promise), _Step()])
        for fault in once[:1]:
            failed = [_Step(fault=fault)] * _failures(promise)
            yield _sequence(promise, operation, [*failed[1:], _Step(), _Step(fault=fault), _Step()])
            yield _sequence(promise, operation, [*(replace(step, providers=2) for step in failed), _Step()])
            if cooldown is not None:
                *waits, after_s = _waits(cooldown)
                for wait_s in waits[1:]:
                    yield _sequence(promise, operation, [*failed, _Step(wait_s)])
                if _all_in_cooldown(promise):
                    all_failed = [replace(step, providers=len(_broken(promise))) for step in failed]
                    yield _sequence(promise, operation, [*all_failed, _Step(), _Step(after_s)])
                again = [*failed, _Step(after_s, fault), *failed[1:], _Step()]
                yield _sequence(promise, operation, again)
                for other in others:
                    trial = [*failed, _Step(after_s, other), _Step(after_s)]
                    yield _sequence(promise, operation, trial)
                yield _sequence(promise, operation, _side_by_side(promise, cooldown, failed))


def _side_by_side(promise: Promise, cooldown: Cooldown, failed: list[_Step]) -> list[_Step]:
    """Return steps whose last failure is followed by a later one, of a call that was under way with it.

    The call after them comes when a cooldown from the earlier failure has ended, one from the later has not.
    """
    later_s = min(LATER_S, cooldown.seconds / 2, promise.policy.timeouts.first_token_s / 2)
    earlier = replace(failed[-1], later_s=later_s / 5)
    later = replace(failed[-1], later_s=later_s, joins=True)
    return [*failed[:-1], earlier, later, _Step(cooldown.seconds - later_s / 2)]


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    def sequences(operation: str) -> SearchStrategy[Scenario]:
        cooling, others = (_in(promise, operation, names) for names in (_cooling(promise), _others(promise)))
        fault = st.one_of(st.none(), st.sampled_from((None, *cooling, *others)))
        number = st.integers(1, max(2, len(_broken(promise))))
        step = st.builds(_Step, st.sampled_from(_waits(promise.policy.cooldown)), fault, number)
        failing = st.builds(
            lambda name, at: _Step(fault=name, providers=at), st.sampled_from((None, *cooling)), number
        )
        failed = failing.map(lambda step: [step] * _failures(promise))
        before: SearchStrategy[list[_Step]] = st.one_of(st.builds(list[_Step]), failed)
        steps = st.lists(step, min_size=1, max_size=_fields(promise).calls)
        return st.builds(lambda first, rest: _sequence(promise, operation, [*first, *rest]), before, steps)

    return st.sampled_from(list(operations)).flatmap(sequences)


# Whether it was as declared


def _required(promise: Promise) -> frozenset[str]:
    first = routing.chain_of(promise)[0]
    if promise.policy.cooldown is None:
        return frozenset({f"{first} was called after it had failed"})
    all_resting = {ALL_RESTING} if _all_in_cooldown(promise) else set()
    return (
        frozenset({f"{first} was in cooldown at a call", f"{first} was called after its cooldown"})
        | all_resting
    )


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    first = routing.chain_of(promise)[0]
    failed = False
    for moment in walk(promise, scenario, history):
        agreed, at_s = moment.agreed, moment.at_s
        if agreed and all(reading.must_rest(first, at_s) for reading in agreed):
            labels.add(f"{first} was in cooldown at a call")
        if agreed and all(reading.all_rest(moment.route.order, at_s) for reading in agreed):
            labels.add(ALL_RESTING)
        tried = first in moment.route.tried
        if tried and failed:
            labels.add(f"{first} was called after it had failed")
        if tried and agreed and all(reading.has_rested(first, at_s) for reading in agreed):
            labels.add(f"{first} was called after its cooldown")
        attempts = [attempt for attempt in moment.route.attempts if attempt.provider == first]
        failed = failed or any(routing.fails(Act(attempt.fault)) for attempt in attempts)
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    moments = walk(promise, scenario, history)
    # The most lenient reading comes last.
    findings = [moment.findings[-1] for moment in moments if not moment.agreed]
    for call in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _reservations(promise: Promise) -> tuple[str, ...]:
    reasons = list(routing.silences(promise))
    cooldown = promise.policy.cooldown
    if cooldown is not None and not cooldown.all_in_cooldown and len(promise.policy.chain) == 1:
        reasons.append("the policy does not say what happens when all providers are in cooldown")
    elif not (_faults(promise) if cooldown is None else _cooling(promise)):
        reasons.append("none of the faults to play cools a provider down")
    return tuple(reasons)


def _describe(promise: Promise) -> str:
    cooldown = promise.policy.cooldown
    words = dict.fromkeys(FAULTS[name].fault_class for name in _faults(promise))
    declared = "no cooldown"
    if cooldown is not None:
        declared = f"{cooldown.seconds:g} s after {cooldown.after_failures} failures in a row"
        declared += f", all in cooldown: {cooldown.all_in_cooldown}" if cooldown.all_in_cooldown else ""
    return (
        f"makes sequences of calls with waits between them, {', '.join(words)} at "
        f"{' and '.join(_broken(promise))}, and compares them with a reference model ({declared})"
    )


def _moot(promise: Promise) -> dict[str, str]:
    moot = {}
    if promise.policy.cooldown is None:
        moot["called_in_cooldown"] = "the policy declares no cooldown"
    if _all_in_cooldown(promise) != "raise":
        why = "the policy does not say that a call which finds every provider in cooldown raises"
        moot |= dict.fromkeys(("failure_as_content", "wrong_error"), why)
    return moot


KIND = Kind(
    name="cooldown",
    summary="A provider that failed as declared is left alone until its cooldown ends, and used again after.",
    model=CooldownInvariant,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_reservations,
    moot=_moot,
    narrowed=routing.failing_operations,
)
