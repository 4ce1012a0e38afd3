"""key_isolation: a provider never sees the key of another, and a call's own keys serve that call alone.

Headers, URL and body of every request are searched for the canary of every provider, also in base64. Calls
are made one at a time and two at once: what one call has set up for its provider, another one's must not be
sent with.

Where keys come with the calls (`keys: call`), tenants take turns, one after another or at once; each call
has a tenant's own key for every provider, in `overrides`. Then each request has that key, and neither the
one in the environment, which somebody else pays for (https://github.com/weave-os/router/pull/242), nor
another tenant's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from llminv.declaration.fields import Choice
from llminv.history import History, RequestReceived
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.scenario import EVERY_CALL, Act, Call, Scenario, Script, key_of
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "key_leaked": "A provider received the key of another one, or of another tenant.",
    "wrong_key": "A call that brought its key was made with another one.",
}
TENANTS = ("acme", "globex", "initech")
# How long a provider may take to fail one of two calls, so that each is at another provider.
DELAYS_S = (0.0, 0.05, 0.1, 0.25, 0.5)
# The cells have these: one call gets to the second provider when the other one gets to the third.
LATER_S = 0.25


class KeyIsolation(RoutingInvariant):
    """The YAML fields; `keys` says where the handler has its keys from."""

    keys: Annotated[Literal["environment", "call"], Choice()] = "environment"


def _brought(promise: Promise) -> bool:
    return isinstance(promise.invariant, KeyIsolation) and promise.invariant.keys == "call"


# What is played


def _bringing(promise: Promise, call: Call, tenant: str) -> Call:
    keys = {provider: {"api_key": key_of(provider, tenant)} for provider in promise.policy.chain}
    return replace(call, tenant=tenant, overrides=keys)


def _of_tenants(promise: Promise, scenario: Scenario, number: int, *, joins: bool) -> Scenario:
    """Return the one call of `scenario` as those of so many tenants; the providers treat all alike."""
    calls = [_bringing(promise, scenario.calls[0], tenant) for tenant in TENANTS[:number]]
    together = [replace(call, joins=joins and index > 0) for index, call in enumerate(calls)]
    rows = [replace(row, call=EVERY_CALL) if number > 1 else row for row in scenario.acts]
    return Scenario(tuple(together), tuple(rows))


def _at_once(one: Scenario, other: Scenario) -> Scenario:
    """Return the calls of two scenarios of one call each, made at once."""
    rows = (*one.acts, *(replace(row, call=1) for row in other.acts))
    return Scenario((*one.calls, replace(other.calls[0], joins=True)), rows)


def _one_ahead(promise: Promise, operation: str) -> Iterator[Scenario]:
    """Yield, where a third provider is reached, two calls at once of which one gets there first."""
    reached = routing.reached_of(promise)
    if len(reached) < 3:
        return
    first, second, *_ = reached
    call = Call(operation, start=routing.start_of(promise))
    for fault in routing.cell_faults(promise, operation)[:1]:
        now, later = Act(fault), Act(fault, delay_s=LATER_S)
        yield _at_once(
            routing.scenario_of(call, (Script(0, first, then=later),)),
            routing.scenario_of(call, (Script(0, first, then=now), Script(0, second, then=later))),
        )


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for scenario in routing.prefixes_down(promise, operations):
        if not _brought(promise):
            yield scenario
            continue
        yield _of_tenants(promise, scenario, 1, joins=False)
        for joins in (False, True):
            yield _of_tenants(promise, scenario, 2, joins=joins)
    for operation in () if _brought(promise) else operations:
        yield from _one_ahead(promise, operation)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    drawn = routing.scripts(promise, operations, failures_max=1)
    if not _brought(promise):
        return drawn | st.sampled_from(list(operations)).flatmap(lambda each: _drawn_at_once(promise, each))
    return st.builds(
        lambda scenario, number, joins: _of_tenants(promise, scenario, number, joins=joins),
        drawn,
        st.integers(1, len(TENANTS)),
        st.booleans(),
    )


def _drawn_at_once(promise: Promise, operation: str) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    def late(scenario: Scenario, delays_s: list[float]) -> Scenario:
        rows = (
            replace(row, then=replace(row.then, delay_s=delay_s))
            for row, delay_s in zip(scenario.acts, delays_s, strict=False)
        )
        return replace(scenario, acts=tuple(rows))

    length = len(routing.chain_of(promise))
    delays = st.lists(st.sampled_from(DELAYS_S), min_size=length, max_size=length)
    one = st.builds(late, routing.scripts(promise, (operation,), failures_max=1), delays)
    return st.builds(_at_once, one, one)


# Which keys were seen


def _required(promise: Promise) -> frozenset[str]:
    whose = "the key of its caller" if _brought(promise) else "its own key"
    return frozenset(f"{provider} received {whose}" for provider in routing.reached_of(promise))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for request in history.of(RequestReceived):
        if not _sharing(promise, request.provider).isdisjoint(request.keys):
            labels.add(f"{request.provider} received its own key")
        if _brings(scenario, request) in request.keys:
            labels.add(f"{request.provider} received the key of its caller")
    return frozenset(labels)


def _brings(scenario: Scenario, request: RequestReceived) -> str | None:
    """Return whose key the call of `request` brought for its provider, None where it brought none."""
    call = scenario.calls[request.call] if 0 <= request.call < len(scenario.calls) else None
    if call is None or call.tenant is None:
        return None
    brought = call.overrides.get(request.provider, {}).get("api_key")
    return f"{request.provider}/{call.tenant}" if brought == key_of(request.provider, call.tenant) else None


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = []
    for request in history.of(RequestReceived):
        brought = _brings(scenario, request)
        sharing = _sharing(promise, request.provider)
        for owner in request.keys:
            if owner == brought or (brought is None and owner in sharing):
                continue
            code = "wrong_key" if owner in sharing else "key_leaked"
            expected = f"{request.provider} sees no key but {f'that of {brought}' if brought else 'its own'}"
            observed = f"the key of {owner} in {_where(request, owner)}"
            call = max(0, request.call)
            findings.append(Finding(code, expected, observed, call, request.provider, None, request.at_s))
    return findings


def _sharing(promise: Promise, provider: str) -> frozenset[str]:
    """Return the providers with the same key as `provider`: those that read it from the same variable."""
    declared = promise.providers.get(provider)
    if declared is None:  # a public host that nobody declared
        return frozenset({provider})
    return frozenset(name for name, other in promise.providers.items() if other.key == declared.key)


def _where(request: RequestReceived, owner: str) -> str:
    forms = (f"<key:{owner}>", f"<key:{owner}@{request.provider}>")
    places = [f"the header {name}" for name, value in request.headers if any(form in value for form in forms)]
    places += ["the URL"] if any(form in request.url for form in forms) else []
    places += ["the body"] if any(form in request.body for form in forms) else []
    return ", ".join(places)


def _describe(promise: Promise) -> str:
    chain = " → ".join(routing.reached_of(promise))
    whose = "each call keys of its tenant's" if _brought(promise) else "every provider a key of its own"
    return (
        f"gives {whose} and searches all that each of {chain} receives for the others' keys, in calls one at "
        f"a time and at once, after {', '.join(routing.classes_of(promise))} at the providers before it"
    )


KIND = Kind(
    name="key_isolation",
    summary="Each provider sees its own key for the call and no other: all of each request is searched.",
    model=KeyIsolation,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=routing.faults_of,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    narrowed=routing.failing_operations,
)
