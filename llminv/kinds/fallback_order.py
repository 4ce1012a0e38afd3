"""fallback_order: a failing provider routes the request to the next one of the chain, and to no other.

The law is about the order in which providers are tried, whatever the number of attempts at each: how
many there may be is another kind's affair (retry_budget).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llminv.declaration.fields import Boolean, Count, FaultWord, ProviderName, Range
from llminv.declaration.models import Contradiction, Fields, Policy, meant
from llminv.history import History, Raised, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import Route, RoutingInvariant, told
from llminv.kinds.laws.streams import BREAKING, takes_of
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.simulation.faults import FAULTS
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "out_of_order": "A provider was tried before its turn, or twice in different turns.",
    "outside_chain": "A provider was called that is not in the chain.",
    "chain_stopped": "A provider failed and the next one was not tried.",
    "called_after_success": "A provider was called although one had answered already.",
    "answer_lost": "A provider answered, and the caller got an error.",
    "not_the_answer": "The caller got another text than the provider's answer.",
    **routing.STOPPED_CODES,
}

# So many pieces of an answer come before it breaks off, where it is asked for as a stream.
BEGUN = 2


class Example(Fields):
    """A declared example: `primary` fails so often with `failure`, and then answers."""

    primary: ProviderName
    failure: FaultWord
    failures_before_success: Count


class FallbackOrder(RoutingInvariant):
    """The YAML fields; with `without_key`, a provider without a key is as if it were not in the chain."""

    failures_before_success: Range = Range(0, 3)
    without_key: Boolean = False
    examples: tuple[Example, ...] = ()

    def contradictions(self, policy: Policy) -> list[Contradiction]:
        """Refuse examples that start where the policy does not start."""
        found = super().contradictions(policy)
        for index, example in enumerate(self.examples):
            if policy.start == "first" and example.primary != policy.chain[0]:
                message = (
                    f"the policy starts at {policy.chain[0]!r} (start: first), not at {example.primary!r}"
                )
                found.append((("examples", index, "primary"), message))
        return found


def _fields(promise: Promise) -> FallbackOrder:
    if not isinstance(promise.invariant, FallbackOrder):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


def _flaky(call: Call, provider: str, fault: str, failures: int) -> Scenario:
    row = Script(0, provider, attempts=(Act(fault),) * failures)
    return Scenario((call,), (row,) if failures else ())


def _call(promise: Promise, operation: str, primary: str) -> Call:
    return Call(operation, start=None if primary == promise.policy.chain[0] else primary)


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for example in _fields(promise).examples:
        for operation in operations:
            names = meant((example.failure,))
            failures = [name for name in names if routing.fails_in(promise.policy, operation, name)]
            for fault in sorted(failures, key=list(FAULTS).index):
                call = _call(promise, operation, example.primary)
                yield _flaky(call, example.primary, fault, example.failures_before_success)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    yield from routing.prefixes_down(promise, operations)
    failures = _fields(promise).failures_before_success
    first = routing.chain_of(promise)[0]
    for operation in operations:
        call = _call(promise, operation, first)
        for fault in routing.cell_faults(promise, operation):
            for count in range(max(1, failures.min), failures.max + 1):
                yield _flaky(call, first, fault, count)
        if operation in routing.COMPLETE:  # in a stream, what was begun has been passed on
            breaking = [fault for fault in routing.faults_of(promise) if fault in BREAKING]
            rows = [Script(0, first, (Act(fault, after=BEGUN),)) for fault in breaking[:1]]
            yield from (Scenario((call,), (row,)) for row in rows)
        if _fields(promise).without_key:
            yield from _keyless(promise, Call(operation))


def _keyless(promise: Promise, call: Call) -> Iterator[Scenario]:
    """Yield what a chain with one provider without a key, and with one that has a key, has to do."""
    chain = promise.policy.chain
    fault = routing.faults_in(promise, call.operation)[0]
    for provider in chain:
        others = tuple(other for other in chain if other != provider)
        yield replace(routing.down(call, others[:-1], fault), unset=(provider,))
        yield Scenario((call,), unset=others)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    drawn = routing.scripts(promise, operations, _fields(promise).failures_before_success.max)
    if not _fields(promise).without_key:
        return drawn
    from hypothesis import strategies as st

    others = promise.policy.chain[1:] if promise.policy.start == "any" else promise.policy.chain
    unset = st.lists(st.sampled_from(others), max_size=len(promise.policy.chain) - 1, unique=True)
    return st.builds(_without, drawn, unset)


def _without(scenario: Scenario, unset: list[str]) -> Scenario:
    """Return the scenario without the keys of `unset`, where the call does not start at one of them."""
    kept = (name for name in sorted(unset) if name != scenario.calls[0].start)
    return replace(scenario, unset=tuple(kept))


def _required(promise: Promise) -> frozenset[str]:
    first, *fallbacks = routing.reached_of(promise)
    return frozenset(
        {f"{word} fired at {first}" for word in routing.certain_classes(promise)}
        | {f"fell back to {provider}" for provider in fallbacks}
    )


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        for before, attempt in zip((None, *route.attempts), route.attempts, strict=False):
            if attempt.fault is not None and attempt.reached:
                labels.add(f"{routing.class_of(attempt.fault)} fired at {attempt.provider}")
            if before is not None and before.provider != attempt.provider and before.reached:
                labels.add(f"fell back to {attempt.provider}")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = []
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        got = routing.text_got(history, call)
        findings += [*_walk(route, call), *_end(promise, scenario, route, call, got)]
        findings += routing.stopped(route, call)
    return findings


def _walk(route: Route, call: int) -> Iterator[Finding]:
    """Follow the attempts: each is at the provider whose turn it is, and none comes after an answer."""
    turn = 0
    answered: str | None = None
    for before, attempt in zip((None, *route.attempts), route.attempts, strict=False):
        provider = attempt.provider
        expected = problem = ""
        if provider not in route.order:
            problem, expected = "outside_chain", f"only the chain is called: {', '.join(route.order)}"
        elif answered is not None:
            problem, expected = "called_after_success", f"no call after {answered} has answered"
        elif provider != route.order[turn]:
            next_turn = turn + (before is not None)
            wanted = route.order[next_turn] if next_turn < len(route.order) else "no other provider"
            if provider != wanted:
                problem = "out_of_order"
                expected = (
                    f"{wanted} is tried after {before.provider}" if before else f"{wanted} is tried first"
                )
            turn = route.order.index(provider)
        if problem:
            failed = routing.class_of(before.fault) if before else None
            observed = f"{provider} was called"
            yield Finding(problem, expected, observed, call, provider, failed, attempt.started_at_s)
            return
        if routing.answers(attempt):
            answered = provider


def _end(promise: Promise, scenario: Scenario, route: Route, call: int, got: str) -> Iterator[Finding]:
    """Look at how the call ended: with the answer where there was one, after the whole chain where not."""
    outcome, answered = route.outcome, route.answered
    last = route.attempts[-1] if route.attempts else None
    if answered is not None and isinstance(outcome, Raised):
        expected = f"the answer of {answered.provider} comes back"
        yield Finding("answer_lost", expected, told(outcome), call, answered.provider, None, outcome.at_s)
    if answered is not None and isinstance(outcome, Replied):
        text = default_text(answered.provider, call)
        left = _left_over(promise, scenario, route, got.replace(text, "", 1))
        if left is not None or text not in got:
            rest = f", and nothing of what {left} had begun to say" if left is not None else ""
            expected = f"the answer of {answered.provider} comes back: {text!r}{rest}"
            where = (call, answered.provider, None, outcome.at_s)
            yield Finding("not_the_answer", expected, f"the text {got!r}", *where)
    untried = [provider for provider in route.order if provider not in route.tried]
    if answered is None and untried and isinstance(outcome, Raised | Replied):
        if routing.past_deadline(promise, route) or not routing.judged(promise, route):
            return
        if last is None:
            expected, provider, failed = f"{untried[0]} is tried first", untried[0], None
        else:
            provider, failed = last.provider, routing.class_of(last.fault)
            expected = f"{untried[0]} is tried after {provider} failed with {last.fault}"
        yield Finding("chain_stopped", expected, told(outcome), call, provider, failed, outcome.at_s)


def _left_over(promise: Promise, scenario: Scenario, route: Route, around: str) -> str | None:
    """Return the provider of which the text `around` the answer holds what it had begun to say."""
    begun = [take for take in takes_of(promise, scenario, route) if not take.whole and take.text.strip()]
    return next((take.attempt.provider for take in begun if take.text.strip() in around), None)


def _describe(promise: Promise) -> str:
    chain = " → ".join(routing.chain_of(promise))
    return (
        f"plays {', '.join(routing.classes_of(promise))} at the providers of {chain}: each fault at the "
        "first provider, the first two and so on; "
        f"{_fields(promise).failures_before_success} failures before a success; and drawn mixtures of all"
    )


def _moot(promise: Promise) -> dict[str, str]:
    if len(routing.reached_of(promise)) > 1:
        return {}
    return dict.fromkeys(("out_of_order", "chain_stopped"), routing.ALONE)


KIND = Kind(
    name="fallback_order",
    summary="A failing provider routes the request to the next one of the chain, and to no other.",
    model=FallbackOrder,
    operations=(*routing.COMPLETE, *routing.STREAM),
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
    moot=_moot,
    narrowed=routing.failing_operations,
)
