"""key_isolation: a provider never sees the key of another.

Headers, URL and body of every request are searched for the canary of every provider, also in base64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llminv.history import History, RequestReceived
from llminv.kinds import routing
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.routing import RoutingInvariant
from llminv.scenario import Scenario
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {"key_leaked": "A provider received the key of another one."}


class KeyIsolation(RoutingInvariant):
    """The YAML fields."""


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    yield from routing.prefixes_down(promise, operations)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    return routing.scripts(promise, operations, failures_max=1)


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(f"{provider} received its own key" for provider in routing.reached_of(promise))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    del scenario
    return frozenset(
        f"{request.provider} received its own key"
        for request in history.of(RequestReceived)
        if not _sharing(promise, request.provider).isdisjoint(request.keys)
    )


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    del scenario
    findings = []
    for request in history.of(RequestReceived):
        for owner in request.keys:
            if owner not in _sharing(promise, request.provider):
                expected = f"{request.provider} sees no key but its own"
                observed = f"the key of {owner} in {_where(request, owner)}"
                call = max(0, request.call)
                findings.append(
                    Finding("key_leaked", expected, observed, call, request.provider, None, request.at_s)
                )
    return findings


def _sharing(promise: Promise, provider: str) -> frozenset[str]:
    """Return the providers with the same key as `provider`: those that read it from the same variable."""
    declared = promise.providers.get(provider)
    if declared is None:  # a public host that nobody declared
        return frozenset({provider})
    return frozenset(name for name, other in promise.providers.items() if other.key == declared.key)


def _where(request: RequestReceived, owner: str) -> str:
    leak = f"<key:{owner}@{request.provider}>"
    places = [f"the header {name}" for name, value in request.headers if leak in value]
    places += ["the URL"] if leak in request.url else []
    places += ["the body"] if leak in request.body else []
    return ", ".join(places)


def _describe(promise: Promise) -> str:
    chain = " → ".join(routing.reached_of(promise))
    return (
        f"gives every provider a key of its own and searches all that each of {chain} receives for the "
        f"others' keys, after {', '.join(routing.classes_of(promise))} at the providers before it"
    )


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    del promise, operations
    yield from ()


KIND = Kind(
    name="key_isolation",
    summary="Each provider sees its own key and no other: header, URL and body of each request are searched.",
    model=KeyIsolation,
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
)
