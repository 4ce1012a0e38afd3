"""request_fidelity: every provider that is tried is asked what the caller asked, in its own format.

Each request that was received is parsed back with its provider's dialect and compared with the call by
`meaning`; what a format cannot say is in the tables of `limits`. Beside it, the request names the model that
is declared for the provider, goes to a path on which that provider's format completes, and holds nothing of
another format, as it would if something of an earlier provider's request were carried over.

Where a call has one provider asked otherwise (`overrides: true`), that one is, and no other.

A request that the handler does not make is not judged: it may refuse what not every provider can be asked.
Nor is one for a call that providers would have to refuse themselves (`conversations.in_order`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote, urlsplit

from llminv.declaration.fields import Boolean, Choice
from llminv.declaration.models import Provider
from llminv.handler.calling import request_of
from llminv.history import UNKNOWN_ROUTE, History, RequestReceived
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import conversations, limits, routing
from llminv.kinds.laws.meaning import differences
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.served import parsed
from llminv.scenario import Call, Scenario
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.providers import marker
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "messages_changed": "A provider was sent other messages than the caller's.",
    "tools_changed": "A provider was sent other tools, or another tool choice, than the caller's.",
    "params_changed": "A provider was sent a parameter that differs from the caller's, or was not sent it.",
    "wrong_model_asked": "A provider was asked for another model than the one declared for it.",
    "wrong_path": "A request went to a path on which its provider does not complete.",
    "foreign_field": "A request held a field or a header that only another provider's format has.",
    **routing.STOPPED_CODES,
}


OVERRIDDEN_MODEL = "overridden-model"


Beside = Annotated[Literal["tools", "params"], Choice()]


class RequestFidelity(RoutingInvariant):
    """The YAML fields; `overrides` plays calls that have one provider asked otherwise than the others.

    `says` is what calls say beside texts: for a handler that is never given tools, or parameters, less.
    """

    overrides: Boolean = False
    says: tuple[Beside, ...] = ("tools", "params")


def _fields(promise: Promise) -> RequestFidelity:
    if not isinstance(promise.invariant, RequestFidelity):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


# What is played


def _overriding(promise: Promise, call: Call) -> Iterator[Call]:
    """Yield the call with a model, or a parameter, for one provider alone."""
    fields = _fields(promise)
    for provider in routing.reached_of(promise) if fields.overrides else ():
        yield replace(call, overrides={provider: {"model": OVERRIDDEN_MODEL}})
        if "params" in fields.says:
            yield replace(call, overrides={provider: {"params": {"max_tokens": 77}}})


def _as_said(promise: Promise, call: Call) -> Call:
    """Return the call without what is never said to the handler."""
    says = _fields(promise).says
    if "tools" not in says:
        texts = tuple(one for one in call.messages if one["role"] != "tool" and not one.get("tool_calls"))
        call = replace(call, messages=texts, tools=(), tool_choice=None)
    return call if "params" in says else replace(call, params={})


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    *_, last = routing.reached_of(promise)
    before = on_the_way(promise, last)
    for operation in operations:
        call = Call(operation, start=routing.start_of(promise))
        spoken = [_as_said(promise, said) for said in conversations.cells(call)]
        calls = [call, *_overriding(promise, call), *spoken]
        yield from (Scenario((said,), before) for said in calls if said.messages)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    start = routing.start_of(promise)
    calls = st.sampled_from(list(operations)).flatmap(
        lambda operation: conversations.calls(Call(operation, start=start))
    )
    calls = calls.map(lambda call: _as_said(promise, call)).filter(lambda call: bool(call.messages))
    rows = routing.scripts(promise, operations, failures_max=1).map(lambda scenario: scenario.acts)
    return st.builds(lambda call, drawn: Scenario((call,), drawn), calls, rows)


# What was received


def _label(provider: str) -> str:
    return f"{provider} received the messages"


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(map(_label, routing.reached_of(promise)))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for request, call in _judged(scenario, history):
        if request.attempt >= 0 and request.provider in promise.providers:
            said = [*call.params, *(["tools"] if call.tools else [])]
            said += ["a tool choice"] if call.tool_choice is not None else []
            said += ["results of tools"] if any(one.get("role") == "tool" for one in call.messages) else []
            labels |= {_label(request.provider), *(f"{request.provider} was sent {word}" for word in said)}
    return frozenset(labels)


def _judged(scenario: Scenario, history: History) -> Iterator[tuple[RequestReceived, Call]]:
    """Yield the requests of calls that are in order, each with its call."""
    for request in history.of(RequestReceived):
        if 0 <= request.call < len(scenario.calls):
            call = scenario.calls[request.call]
            if conversations.in_order(call):
                yield request, call


# Whether it is what was asked


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    found: dict[tuple[int, str, str], Finding] = {}
    for request, call in _judged(scenario, history):
        provider = promise.providers.get(request.provider)
        if provider is None:  # a public host that nobody declared
            continue
        for code, expected, observed in _problems(provider, request, call):
            at = (request.call, request.provider)
            finding = Finding(code, f"{request.provider} gets {expected}", observed, *at, None, request.at_s)
            found.setdefault((*at, code), finding)
    stopped: list[Finding] = []
    for index in range(len(scenario.calls)):
        stopped += routing.stopped(routing.route_of(promise, scenario, history, index), index)
    return [*found.values(), *stopped]


def _problems(provider: Provider, request: RequestReceived, call: Call) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a request: the code, and what was expected and observed."""
    path = urlsplit(request.url).path
    overrides = call.overrides.get(request.provider, {})
    model = overrides.get("model", provider.model)
    call = replace(call, params={**call.params, **overrides.get("params", {})})
    right = {each.format(model=quote(model)) for each in limits.paths(provider.dialect, provider.base_url)}
    if request.fault == UNKNOWN_ROUTE:
        if _asks(request, path):
            yield "wrong_path", f"requests at {' or '.join(sorted(right))}", f"a request at {path}"
        return
    asked = parsed(provider.dialect, request)
    if request.attempt < 0 or asked is None:
        return
    if asked.problem is None and asked.model != model:
        yield "wrong_model_asked", f"a request for {model}", f"a request for {asked.model}"
    elif path not in right:
        yield "wrong_path", f"requests at {' or '.join(sorted(right))}", f"a request at {path}"
    foreign = _foreign(provider.dialect, request)
    if foreign:
        yield "foreign_field", "nothing of another format", f"{', '.join(foreign)} in its request"
    for owner, other in call.overrides.items():
        strange = {} if owner == request.provider else other.get("params", {})
        for name, value in strange.items():
            if name not in call.params and asked.params.get(name) == value:
                yield "params_changed", f"nothing that is meant for {owner}", f"{name} {value!r}"
    for difference in differences(request_of(request.call, call), asked, provider.dialect, model):
        yield difference.code, difference.expected, difference.observed


def _asks(request: RequestReceived, path: str) -> bool:
    """Return whether a request that no route takes was meant to complete: some format does so there."""
    ends = {end.rpartition(":")[2] for dialect in DIALECTS for end in limits.routes(dialect)}
    return request.method == "POST" and path.endswith(tuple(ends)) and marker(request.call) in request.body


def _foreign(dialect: str, request: RequestReceived) -> list[str]:
    """Return the fields and headers of a request that its provider's format does not have."""
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    names = body.keys() if isinstance(body, dict) else set()
    headers = {name for name, _ in request.headers if limits.HEADERS_OF.get(name, dialect) != dialect}
    fields = sorted(limits.FOREIGN_FIELDS[dialect] & names)
    return [*(f"the field {name}" for name in fields), *(f"the header {name}" for name in sorted(headers))]


def _describe(promise: Promise) -> str:
    chain, says = " → ".join(routing.reached_of(promise)), _fields(promise).says
    things = ["conversations in many scripts"]
    things += ["tools", "tool choices"] if "tools" in says else []
    things += ["parameters"] if "params" in says else []
    *first, last = things
    return (
        f"sends {', '.join(first)}{' and ' if first else ''}{last} through {chain}, each after those before "
        "it failed, and compares what each provider received with what the caller said"
    )


def _moot(promise: Promise) -> dict[str, str]:
    never = {"tools", "params"} - set(_fields(promise).says)
    return {f"{what}_changed": f"the handler is never given {what}" for what in sorted(never)}


KIND = Kind(
    name="request_fidelity",
    summary="Each provider tried is asked what the caller asked, in its own format, for its own model.",
    model=RequestFidelity,
    operations=(*routing.COMPLETE, *routing.STREAM),
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
