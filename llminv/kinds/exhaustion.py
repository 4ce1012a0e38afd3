"""exhaustion: when every provider fails, the caller gets the declared error, which names them all.

A failure never comes back as content: an apology in place of an answer is data that nobody can tell
from an answer. Where the error lists its attempts, they are those of its own call: two calls that went the
same way list as many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llminv.declaration.fields import Boolean
from llminv.history import History, Raised, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.exhausted import otherwise
from llminv.kinds.laws.routing import Route, RoutingInvariant, told
from llminv.scenario import EVERY_CALL, Act, Call, Scenario, Script
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "failure_as_content": "No provider answered, and the caller got a reply.",
    "wrong_error": "No provider answered, and the error is not the declared one.",
    "provider_not_named": "The error does not name a provider that was tried.",
    "attempts_of_another_call": "The error lists more attempts than that of an earlier call that went alike.",
    **routing.STOPPED_CODES,
}


class Exhaustion(RoutingInvariant):
    """The YAML fields; with `without_key`, having no key for any provider is having none that answers.

    Unless `names_providers`, the error need not name those that were tried.
    """

    without_key: Boolean = False
    names_providers: Boolean = True


def _names_providers(promise: Promise) -> bool:
    if not isinstance(promise.invariant, Exhaustion):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.names_providers


def _down_with(call: Call, providers: tuple[str, ...], faults: tuple[str, ...], *, twice: bool) -> Scenario:
    rows = zip(providers, faults, strict=True)
    once = Scenario((call,), tuple(Script(0, provider, then=Act(fault)) for provider, fault in rows))
    return _twice(once) if twice else once


def _twice(scenario: Scenario) -> Scenario:
    """Make the same call again, and let the providers do the same."""
    return replace(
        scenario, calls=scenario.calls * 2, acts=tuple(replace(row, call=EVERY_CALL) for row in scenario.acts)
    )


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for operation in operations:
        faults = routing.cell_faults(promise, operation)
        for fault in faults:
            yield routing.down(Call(operation), promise.policy.chain, fault)
        yield _twice(routing.down(Call(operation), promise.policy.chain, faults[0]))
        if isinstance(promise.invariant, Exhaustion) and promise.invariant.without_key:
            chain, fault = promise.policy.chain, routing.faults_in(promise, operation)[0]
            yield Scenario((Call(operation),), unset=chain)
            yield replace(routing.down(Call(operation), chain[:1], fault), unset=chain[1:])


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    chain = promise.policy.chain

    def scenarios(call: Call) -> SearchStrategy[Scenario]:
        fault = st.sampled_from(routing.faults_in(promise, call.operation))
        faults = st.tuples(*[fault for _ in chain])
        return st.builds(_down_with, st.just(call), st.just(chain), faults, twice=st.booleans())

    return routing.calls(promise, operations).flatmap(scenarios)


def _all_failed(promise: Promise, route: Route) -> bool:
    return (
        route.answered is None
        and set(route.order) <= set(route.tried)
        and not routing.past_deadline(promise, route)
    )


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(f"all providers failed, {word} among them" for word in routing.certain_classes(promise))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        if _all_failed(promise, route):
            labels |= {
                f"all providers failed, {routing.class_of(attempt.fault)} among them"
                for attempt in route.attempts
                if attempt.reached
            }
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    listed: dict[tuple[tuple[str, str | None], ...], int] = {}
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        if _nobody_answers(scenario, route, call) and routing.judged(promise, route):
            findings += _judge(promise, route, call)
            findings += _others(route, call, listed)
        findings += routing.stopped(route, call)
    return findings


def _others(
    route: Route, call: int, listed: dict[tuple[tuple[str, str | None], ...], int]
) -> Iterator[Finding]:
    """Compare the attempts that an error lists with those `listed` by the first that went the same way."""
    outcome = route.outcome
    if not isinstance(outcome, Raised):
        return
    way = tuple((attempt.provider, attempt.fault) for attempt in route.attempts)
    number, own = len(outcome.attempts), listed.setdefault(way, len(outcome.attempts))
    if number > own:
        expected = f"the error lists {own} attempts, as that of an earlier call that went the same way"
        observed = f"it lists {number}: {', '.join(outcome.attempts)}"
        yield Finding("attempts_of_another_call", expected, observed, call, at_s=outcome.at_s)


def _nobody_answers(scenario: Scenario, route: Route, call: int) -> bool:
    """Return whether the law applies: each provider of the order failed, or is down and was left out.

    A handler that gives up while a provider would have answered breaks another law (fallback_order).
    """
    scripts = [scenario.script(call, provider) for provider in route.order if provider not in route.tried]
    return route.answered is None and all(
        routing.fails(act) for row in scripts for act in (*row.attempts, row.then)
    )


def _judge(promise: Promise, route: Route, call: int) -> Iterator[Finding]:
    outcome = route.outcome
    tried_all = _all_failed(promise, route)
    wrong = otherwise(promise, outcome, call, "no provider answered")
    # Where the chain was cut short, an error is fallback_order's finding.
    if wrong is not None and (tried_all or isinstance(outcome, Replied)):
        yield wrong
    if wrong is not None or not tried_all or not isinstance(outcome, Raised):
        return
    named = _named(outcome, promise.providers)
    for provider in route.tried if _names_providers(promise) else ():
        if provider not in named:
            expected = f"{promise.policy.exhausted} names every provider tried: {', '.join(route.tried)}"
            observed = f"{provider} is not named: {told(outcome)}"
            yield Finding("provider_not_named", expected, observed, call, provider, at_s=outcome.at_s)


def _named(outcome: Raised, providers: Iterable[str]) -> frozenset[str]:
    """Return the providers that appear in the error's `.attempts`, message or exception chain.

    The longest names come first: "openai" does not appear in "openai-eu", where both are providers.
    """
    names = "|".join(map(re.escape, sorted(providers, key=len, reverse=True)))
    word = re.compile(rf"(?<![A-Za-z0-9])(?:{names})(?![A-Za-z0-9])", re.IGNORECASE)
    texts = [outcome.error.message, *outcome.attempts, *(behind.message for behind in outcome.chain)]
    found = {match.lower() for text in texts for match in word.findall(text)}
    return frozenset(provider for provider in providers if provider.lower() in found)


def _describe(promise: Promise) -> str:
    return (
        f"lets all of {', '.join(promise.policy.chain)} fail, with {', '.join(routing.classes_of(promise))}: "
        "each fault at all of them, and drawn mixtures, in one call or in two of the same"
    )


def _moot(promise: Promise) -> dict[str, str]:
    return {} if _names_providers(promise) else {"provider_not_named": "the error need not name anyone"}


KIND = Kind(
    name="exhaustion",
    summary="When every provider fails, the caller gets the declared error, which names all that were tried.",
    model=Exhaustion,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=routing.faults_of,
    codes=CODES,
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
