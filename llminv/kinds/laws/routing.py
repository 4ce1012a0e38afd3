"""What the kinds about routing share: their fields, their scenarios, and how a history reads as a route.

A scenario of routing is one call and a flat list of acts for each provider (that shape shrinks best);
a provider whose `then` is a fault is down for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from llminv.declaration.fields import Chain, Failures, Steps
from llminv.declaration.models import Contradiction, Invariant, Policy, against_chain, against_fallback, meant
from llminv.history import Attempt, CallStarted, ChunkReceived, History, Raised, Replied, Stopped
from llminv.scenario import ANSWER, Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS, Where
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

COMPLETE = ("complete", "acomplete")
STREAM = ("stream", "astream")

# The findings that every kind can have: the world itself stopped the handler.
STOPPED_CODES = {
    "hang": "The handler waits for something that can never happen, and holds no timer.",
    "never_ends": "The handler goes on without end: past the virtual horizon, or with ever more requests.",
}

# Why nothing can be said about an order, or about another provider.
ALONE = "no other provider is tried after the first"


class RoutingInvariant(Invariant):
    """The fields of a kind about routing: a sub-chain to break, and the faults to break it with.

    The faults are those after which the policy falls back, unless a kind judges the ones that it raises too.
    """

    judges_raised: ClassVar[bool] = False

    chain: Chain | None = None
    failures: Failures | None = None

    def contradictions(self, policy: Policy) -> list[Contradiction]:
        """Refuse a sub-chain out of the policy's order, and faults which the policy raises."""
        steps: Steps = ("failures",)
        return [
            *super().contradictions(policy),
            *(against_chain(policy, self.chain or ()) or _unreached(policy, self.chain or ())),
            *(() if self.judges_raised else against_fallback(policy, self.failures or (), steps)),
        ]


def _unreached(policy: Policy, chain: Sequence[str]) -> list[Contradiction]:
    """Refuse a sub-chain with a provider that no call gets to: one before it is left to answer."""
    reached = policy.chain
    if policy.start == "any" and chain:
        reached = order_from(policy, chain[0])
    for index, (provider, expected) in enumerate(zip(chain, reached, strict=False)):
        if provider != expected:
            message = f"no call gets to {provider!r}: {expected!r} is not in this chain and so never fails"
            return [(("chain", index), message)]
    return []


def routing(promise: Promise) -> RoutingInvariant:
    """Return the invariant of `promise` as the model of a kind about routing."""
    if not isinstance(promise.invariant, RoutingInvariant):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


def chain_of(promise: Promise) -> tuple[str, ...]:
    """Return the providers to break: the narrowed chain, or the policy's."""
    return routing(promise).chain or promise.policy.chain


def reached_of(promise: Promise) -> tuple[str, ...]:
    """Return the providers that are called where those to break fail, in order: one beyond them at most."""
    chain = chain_of(promise)
    return order_from(promise.policy, start_of(promise))[: len(chain) + 1]


def start_of(promise: Promise) -> str | None:
    """Return where a call has to start to meet the providers to break; None: where it starts anyway."""
    first = chain_of(promise)[0]
    return None if first == promise.policy.chain[0] else first


def starts_of(promise: Promise) -> tuple[str | None, ...]:
    """Return the starts to play, the simplest first: more than one where the caller may name any."""
    start = start_of(promise)
    if promise.policy.start == "first":
        return (start,)
    others = chain_of(promise)[1:]
    return (start, *others)


def faults_of(promise: Promise) -> tuple[str, ...]:
    """Return the faults to play, simplest first: those declared, or all on which the policy is not silent."""
    invariant = routing(promise)
    names = promise.policy.fallback_faults
    if invariant.judges_raised:
        names |= promise.policy.raise_faults
    if invariant.failures is not None:
        names = meant(invariant.failures)
    return tuple(name for name in FAULTS if name in names)


def fails_in(policy: Policy, operation: str, fault: str) -> bool:
    """Return whether the fault is a failure in a call of `operation` before anything is passed on.

    In a stream what happens in the body is one only as far as the policy says so: broken streams fall back,
    and one without content is none.
    """
    if operation not in STREAM or FAULTS[fault].where is not Where.BODY:
        return True
    return policy.stream.broken_before_content == "fallback" and fault != "no_choices"


def faults_in(promise: Promise, operation: str) -> tuple[str, ...]:
    """Return the faults to play in a call of `operation`, simplest first."""
    return tuple(name for name in faults_of(promise) if fails_in(promise.policy, operation, name))


def failing_operations(promise: Promise) -> tuple[str, ...]:
    """Return the operations in which something to play is a failure; all, where no fault is played at all."""
    return tuple(
        name
        for name in (*COMPLETE, *STREAM)
        if faults_in(promise, name) or name not in STREAM or not faults_of(promise)
    )


def certain_classes(promise: Promise) -> tuple[str, ...]:
    """Return the classes of the faults that are played in whatever operation a handler offers."""
    played = [set(faults_in(promise, operation)) for operation in failing_operations(promise)]
    names = [name for name in faults_of(promise) if all(name in faults for faults in played)]
    return tuple(dict.fromkeys(FAULTS[name].fault_class for name in names))


def of_each_sort(faults: Sequence[str]) -> list[str]:
    """Return the first fault of each class at each point of an attempt."""
    sorts = {(FAULTS[name].fault_class, FAULTS[name].where): name for name in reversed(faults)}
    return [name for name in faults if name in sorts.values()]


def cell_faults(promise: Promise, operation: str) -> Sequence[str]:
    """Return the faults that cells play in a call of `operation`: in streams one of each sort.

    Each of them is played in streams by fallback_trigger.
    """
    names = faults_in(promise, operation)
    return of_each_sort(names) if operation in STREAM else names


def classes_of(promise: Promise) -> tuple[str, ...]:
    """Return the classes of the faults to play, in the order of the fault table."""
    return tuple(dict.fromkeys(FAULTS[name].fault_class for name in faults_of(promise)))


def judged(promise: Promise, route: Route) -> bool:
    """Return whether the policy says what is to follow from how the route went on: it falls back each time.

    A fault on which the policy is silent leaves open what comes after it.
    """
    failed = (attempt.fault for attempt in route.attempts if not answers(attempt))
    return all(promise.policy.stance(fault) == "fallback" for fault in failed if fault is not None)


def answers(attempt: Attempt) -> bool:
    """Return whether the provider answers the attempt: without a fault, or with one that is harmless."""
    return not fails(Act(attempt.fault))


def fails(act: Act) -> bool:
    """Return whether an attempt with this act gets no answer."""
    return act.fault is not None and not FAULTS[act.fault].answers


def silences(promise: Promise) -> tuple[str, ...]:
    """Return why the promise cannot be judged whole: faults on which the policy is silent."""
    silent = [
        name
        for name in faults_of(promise)
        if promise.policy.stance(name) is None and not FAULTS[name].answers
    ]
    return (f"policy silent on {', '.join(silent)}",) if silent else ()


def down(call: Call, providers: Sequence[str], fault: str) -> Scenario:
    """Return the scenario in which each of `providers` is down with `fault`."""
    return Scenario((call,), tuple(Script(0, provider, then=Act(fault)) for provider in providers))


def prefixes_down(promise: Promise, operations: Sequence[str]) -> Iterator[Scenario]:
    """Yield the cells: no fault, then each fault at the first provider, the first two, and so on but one.

    Where the caller may name the start, the simplest fault at each other start is one more.
    """
    start, *others = starts_of(promise)
    reached = reached_of(promise)
    for operation in operations:
        call = Call(operation, start=start)
        yield Scenario((call,))
        faults = cell_faults(promise, operation)
        for fault in faults:
            for count in range(1, len(reached)):
                yield down(call, reached[:count], fault)
        for other in filter(None, others):
            call = Call(operation, start=other)
            yield Scenario((call,))
            yield from (down(call, (other,), fault) for fault in faults[:1])


def scripts(promise: Promise, operations: Sequence[str], failures_max: int) -> SearchStrategy[Scenario]:
    """Draw a call and, for each provider of the chain, up to `failures_max` acts and what follows them."""
    from hypothesis import strategies as st

    acts = [Act(fault) for fault in faults_of(promise)] or [ANSWER]
    rows = [
        st.builds(
            Script,
            st.just(0),
            st.just(provider),
            attempts=st.lists(st.sampled_from(acts), max_size=failures_max).map(tuple),
            then=st.one_of(st.just(ANSWER), st.sampled_from(acts)),
        )
        for provider in chain_of(promise)
    ]
    return st.builds(scenario_of, calls(promise, operations), st.tuples(*rows)).map(
        lambda scenario: _failing(promise, scenario)
    )


def _failing(promise: Promise, scenario: Scenario) -> Scenario:
    """Return the scenario without the acts that are no failures in its operation."""
    allowed = {None, *faults_in(promise, scenario.calls[0].operation)}
    rows = (
        replace(
            row,
            attempts=tuple(act for act in row.attempts if act.fault in allowed),
            then=row.then if row.then.fault in allowed else ANSWER,
        )
        for row in scenario.acts
    )
    return scenario_of(scenario.calls[0], tuple(rows))


def calls(promise: Promise, operations: Sequence[str]) -> SearchStrategy[Call]:
    """Draw an operation and, where the caller may name it, the start."""
    from hypothesis import strategies as st

    return st.builds(Call, st.sampled_from(list(operations)), start=st.sampled_from(list(starts_of(promise))))


def scenario_of(call: Call, rows: tuple[Script, ...]) -> Scenario:
    """Return the scenario of one call and these scripts, without those that say nothing."""
    return Scenario((call,), tuple(row for row in map(trimmed, rows) if row.attempts or row.then != ANSWER))


def trimmed(row: Script) -> Script:
    """Return the script without last attempts that only repeat what follows: one form for one meaning."""
    attempts = row.attempts
    while attempts and attempts[-1] == row.then:
        attempts = attempts[:-1]
    return replace(row, attempts=attempts)


@dataclass(frozen=True)
class Route:
    """One call as a route: attempts in order, those that were answered, and how the call ended."""

    attempts: tuple[Attempt, ...]
    outcome: object
    order: tuple[str, ...]

    @property
    def answered(self) -> Attempt | None:
        """The first attempt that the provider answered."""
        return next((attempt for attempt in self.attempts if answers(attempt) and attempt.status), None)

    @property
    def tried(self) -> tuple[str, ...]:
        """The providers that were tried, in the order of their first attempts."""
        return tuple(dict.fromkeys(attempt.provider for attempt in self.attempts))

    def ended_at_s(self) -> float:
        """Return when the call ended."""
        return self.outcome.at_s if isinstance(self.outcome, Replied | Raised | Stopped) else 0.0


def route_of(promise: Promise, scenario: Scenario, history: History, call: int) -> Route:
    """Return the route of `call`, with the order in which the policy tries providers for it.

    A provider for which the handler has no key is none of them.
    """
    order = order_from(promise.policy, scenario.calls[call].start)
    configured = tuple(provider for provider in order if provider not in scenario.unset)
    return Route(tuple(history.attempts(call)), history.outcome(call), configured)


def started_s(history: History, call: int) -> float:
    """Return when `call` began."""
    return next((event.at_s for event in history.of(CallStarted) if event.call == call), 0.0)


def order_from(policy: Policy, start: str | None) -> tuple[str, ...]:
    """Return the providers in the order of trying, for a call that names `start` (None: the first)."""
    chain = policy.chain
    index = chain.index(start) if start in chain else 0
    return chain[index:] + (chain[:index] if policy.order == "rotate" else ())


def stopped(route: Route, call: int) -> list[Finding]:
    """Return the finding of a call that the world had to stop, if it did."""
    outcome = route.outcome
    if not isinstance(outcome, Stopped):
        return []
    last = route.attempts[-1] if route.attempts else None
    return [
        Finding(
            code="hang" if outcome.reason == "hang" else "never_ends",
            expected="the call ends, with a reply or an error",
            observed=f"it never ends: {outcome.detail}",
            call=call,
            provider=last.provider if last else None,
            fault_class=class_of(last.fault) if last else None,
            at_s=outcome.at_s,
        )
    ]


def class_of(fault: str | None) -> str | None:
    """Return the class of a fault."""
    return FAULTS[fault].fault_class if fault is not None else None


def text_got(history: History, call: int) -> str:
    """Return all the text that the caller of `call` got, whole or in chunks."""
    outcome = history.outcome(call)
    if isinstance(outcome, Replied) and outcome.reply is not None:
        return outcome.reply.text
    return "".join(event.chunk.text for event in history.of(ChunkReceived) if event.call == call)


def told(outcome: object) -> str:
    """Return in a few words how a call ended."""
    if isinstance(outcome, Replied):
        return f"the reply {outcome.reply.text!r}" if outcome.reply is not None else "the end of the stream"
    if isinstance(outcome, Raised):
        return (
            f"{outcome.error.type}: {outcome.error.message}" if outcome.error.message else outcome.error.type
        )
    return "nothing"


def past_deadline(promise: Promise, route: Route) -> bool:
    """Return whether the call's time was up when it ended: after it no attempt is expected."""
    return route.ended_at_s() >= promise.policy.timeouts.total_s
