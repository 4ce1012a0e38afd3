"""cooldown: a provider that failed as declared is left alone until its cooldown ends, and used again after.

Judged against a small reference model over sequences of calls and waits. What counts as a failure in a
row can be read in two ways, by attempt or by call. So a provider may be left alone once its *attempts*
have failed often enough, and has to be once its *calls* have; in between both are right. With `cooldown:
none` declared, every call starts where the policy starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llminv.declaration.fields import Count
from llminv.declaration.models import Cooldown, meant
from llminv.history import CallStarted, History
from llminv.kinds import routing
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.routing import Route, RoutingInvariant
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

# A wait this close to the end of a cooldown is judged neither way: clocks are read once more or less.
MARGIN_S = 1.0

CODES = {
    "called_in_cooldown": "A provider was called that should have been left alone.",
    "left_alone": "A provider was not called although it was its turn and nothing held it back.",
    **routing.STOPPED_CODES,
}


class CooldownInvariant(RoutingInvariant):
    """The YAML fields; `calls` is how many calls a drawn sequence has at most."""

    calls: Count = 6


def _fields(promise: Promise) -> CooldownInvariant:
    if not isinstance(promise.invariant, CooldownInvariant):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


def _faults(promise: Promise) -> tuple[str, ...]:
    """Return the faults to play: those that cool a provider down; with no cooldown all that fall back."""
    cooldown = promise.policy.cooldown
    names = routing.faults_of(promise)
    if cooldown is None:
        return names
    cooling = meant(cooldown.faults)
    return tuple(name for name in names if name in cooling)


def _sequence(operation: str, provider: str, steps: list[tuple[float, str | None]]) -> Scenario:
    """Return calls with a wait before each, and the fault (or None) of `provider` towards each."""
    calls = tuple(Call(operation, wait_s=wait_s) for wait_s, _ in steps)
    rows = tuple(
        Script(call, provider, then=Act(fault)) for call, (_, fault) in enumerate(steps) if fault is not None
    )
    return Scenario(calls, rows)


def _waits(cooldown: Cooldown | None) -> list[float]:
    if cooldown is None:
        return [0.0, 30.0]
    return [0.0, max(0.0, cooldown.seconds - 2 * MARGIN_S), cooldown.seconds + 2 * MARGIN_S]


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    cooldown = promise.policy.cooldown
    first = promise.policy.chain[0]
    failures = cooldown.after_failures if cooldown is not None else 3
    for operation in operations:
        yield _sequence(operation, first, [(0.0, None), (0.0, None)])
        for fault in _faults(promise):
            for wait_s in _waits(cooldown):
                failed: list[tuple[float, str | None]] = [(0.0, fault)] * failures
                yield _sequence(operation, first, [*failed, (wait_s, None), (0.0, None)])


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    fault = st.one_of(st.none(), st.sampled_from(_faults(promise)))
    step = st.tuples(st.sampled_from(_waits(promise.policy.cooldown)), fault)
    steps = st.lists(step, min_size=1, max_size=_fields(promise).calls)
    return st.builds(_sequence, st.sampled_from(list(operations)), st.just(promise.policy.chain[0]), steps)


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    del promise, operations
    yield from ()


def _required(promise: Promise) -> frozenset[str]:
    first = promise.policy.chain[0]
    if promise.policy.cooldown is None:
        return frozenset({f"{first} was called after it had failed"})
    return frozenset({f"{first} was in cooldown at a call", f"{first} was called after its cooldown"})


class _Model:
    """The reference model: what is known of each provider before a call."""

    def __init__(self, cooldown: Cooldown | None) -> None:
        self._cooldown = cooldown
        self._attempts: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._may_until_s: dict[str, float] = {}
        self._must_until_s: dict[str, float] = {}
        self.failed: set[str] = set()

    def may_rest(self, provider: str, at_s: float) -> bool:
        """Return whether the provider may be left alone at this time."""
        return at_s < self._may_until_s.get(provider, float("-inf")) + MARGIN_S

    def must_rest(self, provider: str, at_s: float) -> bool:
        """Return whether the provider has to be left alone at this time."""
        return at_s < self._must_until_s.get(provider, float("-inf")) - MARGIN_S

    def learn(self, route: Route) -> None:
        """Take in how a call went."""
        for provider in route.tried:
            attempts = [attempt for attempt in route.attempts if attempt.provider == provider]
            bad = [attempt for attempt in attempts if routing.fails(Act(attempt.fault))]
            if len(bad) < len(attempts):
                self._attempts[provider] = self._calls[provider] = 0
                continue
            self.failed.add(provider)
            cooldown = self._cooldown
            if cooldown is None or any(attempt.fault not in meant(cooldown.faults) for attempt in bad):
                continue
            self._attempts[provider] = self._attempts.get(provider, 0) + len(bad)
            self._calls[provider] = self._calls.get(provider, 0) + 1
            if self._attempts[provider] >= cooldown.after_failures:
                self._may_until_s[provider] = bad[-1].ended_at_s + cooldown.seconds
            if self._calls[provider] >= cooldown.after_failures:
                first = bad[0].started_at_s
                self._must_until_s[provider] = first + cooldown.seconds


def _walk(
    promise: Promise, scenario: Scenario, history: History
) -> Iterator[tuple[int, float, Route, _Model]]:
    """Yield each call with its start, its route and what the model knows before it."""
    model = _Model(promise.policy.cooldown)
    starts = {event.call: event.at_s for event in history.of(CallStarted)}
    for call in range(len(scenario.calls)):
        if call in starts:
            route = routing.route_of(promise, scenario, history, call)
            yield call, starts[call], route, model
            model.learn(route)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    first = promise.policy.chain[0]
    for _, at_s, route, model in _walk(promise, scenario, history):
        rested = model.must_rest(first, at_s)
        if rested:
            labels.add(f"{first} was in cooldown at a call")
        elif first in model.failed and first in route.tried:
            labels.add(f"{first} was called after it had failed")
            if promise.policy.cooldown is not None and not model.may_rest(first, at_s):
                labels.add(f"{first} was called after its cooldown")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = []
    for call, at_s, route, model in _walk(promise, scenario, history):
        findings += [*_judge(route, model, call, at_s), *routing.stopped(route, call)]
    return findings


def _judge(route: Route, model: _Model, call: int, at_s: float) -> Iterator[Finding]:
    if all(model.may_rest(provider, at_s) for provider in route.order):
        return  # what happens when all rest is not declared
    for attempt in route.attempts:
        if model.must_rest(attempt.provider, attempt.started_at_s):
            expected = f"{attempt.provider} is left alone until its cooldown ends"
            observed = f"{attempt.provider} was called at {attempt.started_at_s:.3f} s"
            fault_class = routing.class_of(attempt.fault)
            yield Finding(
                "called_in_cooldown",
                expected,
                observed,
                call,
                attempt.provider,
                fault_class,
                attempt.started_at_s,
            )
            return
    first = route.order[0]
    if first not in route.tried and not model.may_rest(first, at_s):
        expected = f"{first} is tried first: nothing holds it back"
        observed = f"{', '.join(route.tried) or 'no provider'} was called"
        yield Finding("left_alone", expected, observed, call, first, None, at_s)


def _describe(promise: Promise) -> str:
    cooldown = promise.policy.cooldown
    words = sorted({FAULTS[name].fault_class for name in _faults(promise)})
    declared = (
        "no cooldown"
        if cooldown is None
        else f"{cooldown.seconds:g} s after {cooldown.after_failures} failures"
    )
    return (
        f"draws up to {_fields(promise).calls} calls with waits between them, {', '.join(words)} at "
        f"{promise.policy.chain[0]}, and compares with a reference model ({declared})"
    )


KIND = Kind(
    name="cooldown",
    summary="A provider that failed as declared is left alone until its cooldown ends, and used again after.",
    model=CooldownInvariant,
    operations=routing.COMPLETE,
    faults=_faults,
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
