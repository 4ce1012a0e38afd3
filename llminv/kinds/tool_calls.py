"""tool_calls: the calls of tools that a provider makes reach the caller complete, each with what is its own.

They come whole or streamed, alone or several, in fragments that are cut anywhere; `fragments` says which of
those have one reading, and how what the caller got is put together. Calls are compared by their ids, and by
their order where a provider gives none; the order of what arrives is not judged. Arguments are equal as text
or as JSON values: a handler may write the same value in another way, and Gemini sends values in the first
place. Empty arguments and {} are equal. An id is the provider's. Where a format needs none (Gemini's), it is
the handler's to make up, for each call another: the caller has to say whose result it sends.

An answer that is broken off in the middle of a call is none: nothing of it stands in what the caller gets
from the next provider.

A handler that refuses tools, or reports no calls at all, is not accused: the labels miss them, and the
verdict is unknown. The same is true of ids and names that it never reports. What it reports of one answer and
not of the next, of the same provider in the same way, is lost: also where the caller gets an error, or the
answer of somebody who was asked as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from llminv.contract import ToolCall
from llminv.declaration.fields import Choice
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import called, routing
from llminv.kinds.laws.fragments import FORMS, calls_of, clear
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.served import Served, all_served, pair, passed_over, ways_there
from llminv.kinds.laws.streams import BREAKING, reachable, readable
from llminv.scenario import Act, Call, Said, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.chat_completions import ChatCompletions
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise
    from llminv.history import History

CODES = {
    "call_lost": "A provider called a tool, and the caller was not told of that call.",
    "call_added": "The caller was told of a call that the provider did not make.",
    "wrong_name": "A call reached the caller with another tool's name, or with none.",
    "wrong_id": "A call reached the caller with another id, with none, or with that of another call.",
    "arguments_changed": "A call reached the caller with other arguments.",
    **routing.STOPPED_CODES,
}

PLAIN = Act(said=Said(tool_calls=(called.PING,)))
# Where calls need no id, so that a handler may have ids of its own for them:
# https://ai.google.dev/api/caching#FunctionCall.
_OPTIONAL_IDS = frozenset({"gemini"})
# After so many pieces a stream is broken off in the middle of the first call.
PIECES_BEFORE_BREAK = 2
# Up to here responses are cut, in bytes.
BYTES_MAX = 4_000

Index = Annotated[Literal["given", "missing", "repeated"], Choice()]


class ToolCalls(RoutingInvariant):
    """The YAML fields; `indexes` are the ways in which providers in OpenAI's format number their calls.

    OpenAI and DeepSeek give each call an index of its own; imitators give none, or 0 to all.
    """

    indexes: Annotated[tuple[Index, ...], Field(min_length=1)] = ("given", "missing", "repeated")


def _forms(promise: Promise, provider: str) -> list[tuple[str, str]]:
    """Return the fragments and indexes to play of a provider, the simplest first."""
    if not isinstance(promise.invariant, ToolCalls):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    if not isinstance(DIALECTS[promise.providers[provider].dialect], ChatCompletions):
        return [("in_order", "given"), ("at_once", "given")]
    return [(form, index) for index in promise.invariant.indexes for form in FORMS[index]]


# What is played


def _exact(promise: Promise, provider: str) -> bool:
    """Return whether a provider sends arguments as text, and so any number exactly."""
    return promise.providers[provider].dialect != "gemini"


def _breaks(promise: Promise) -> tuple[str, ...]:
    """Return the faults that break an answer off and pass the call on."""
    return tuple(
        name
        for name in routing.faults_of(promise)
        if name in BREAKING and promise.policy.stance(name) == "fallback"
    )


def _saids(promise: Promise, provider: str) -> Iterator[Said]:
    two = (called.looked_up(0, text="a"), called.looked_up(1, text="b"))
    mixed = (*two, replace(called.PING, id="call_2", arguments=""))
    hostile = called.looked_up(0, "escaped", text=called.HOSTILE, tags=[called.HOSTILE])
    yield Said(tool_calls=(called.PING,))
    yield Said(tool_calls=(replace(called.PING, arguments=""),))
    yield Said(text="Let me see.", tool_calls=two)
    yield Said(tool_calls=(hostile,), deltas="characters")
    yield Said(tool_calls=(called.looked_up(0, "indented", text=called.HOSTILE),), deltas="whole")
    if _exact(promise, provider):
        yield Said(tool_calls=(called.looked_up(0, number=called.BEYOND_DOUBLE, share=1e-7),))
    for form, index in _forms(promise, provider):
        yield Said(tool_calls=mixed, tool_fragments=form, tool_index=index)
    yield Said(tool_calls=tuple(replace(call, id=None) for call in two))


def _call(promise: Promise, operation: str) -> Call:
    return Call(operation, start=routing.start_of(promise), tools=called.TOOLS)


def _after_break(promise: Promise, scenario: Scenario, provider: str, fault: str) -> Scenario:
    """Return the scenario with the last call broken off by the provider before, in the middle of a call."""
    order = routing.order_from(promise.policy, routing.start_of(promise))
    before = order[order.index(provider) - 1]
    half = Said(tool_calls=(called.looked_up(0, text="half"),), deltas="characters")
    row = Script(len(scenario.calls) - 1, before, then=Act(fault, after=PIECES_BEFORE_BREAK, said=half))
    place = next(number for number, other in enumerate(scenario.acts) if other.call == row.call)
    return replace(scenario, acts=(*scenario.acts[:place], row, *scenario.acts[place:]))


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for operation in operations:
        call = _call(promise, operation)
        for provider in reachable(promise):
            before = on_the_way(promise, provider)
            for said in _saids(promise, provider):
                yield pair(call, provider, PLAIN, Act(said=said), before)
            yield pair(
                call,
                provider,
                PLAIN,
                Act(said=Said(tool_calls=(called.looked_up(0, text=called.HOSTILE),)), cut_every=1),
                before,
            )
            for fault in _breaks(promise)[:1] if before else ():
                plain = pair(call, provider, PLAIN, PLAIN, before)
                yield _after_break(promise, plain, provider, fault)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    breaks = st.sampled_from((None, *_breaks(promise)))
    cuts = st.sets(st.integers(0, BYTES_MAX), max_size=4).map(lambda places: tuple(sorted(places)))
    bytes_ = st.one_of(st.builds(Act, cuts=cuts), st.builds(Act, cut_every=st.sampled_from([7, 31])))

    def saids(provider: str) -> SearchStrategy[Said]:
        exact = _exact(promise, provider)
        plain, *odd = _forms(promise, provider)
        turns = called.turns(ids=True, exact=exact)
        turns = turns if exact else turns | called.turns(ids=False, exact=exact)
        several = called.turns(ids=True, exact=exact, calls_min=2)
        formed = [st.tuples(turns, st.just(plain))]
        formed += [st.tuples(several, st.sampled_from(odd))] if odd else []
        return st.builds(
            lambda text, made, deltas: Said(
                text=text,
                tool_calls=made[0],
                deltas=deltas,
                tool_fragments=made[1][0],
                tool_index=made[1][1],
            ),
            st.sampled_from([None, "Let me see."]),
            st.one_of(formed),
            st.sampled_from(["words", "whole", "characters"]),
        )

    def scenarios(provider: str) -> SearchStrategy[Scenario]:
        def scenario(
            operation: str, said: Said, act: Act, before: tuple[Script, ...], fault: str | None
        ) -> Scenario:
            found = pair(_call(promise, operation), provider, PLAIN, replace(act, said=said), before)
            return _after_break(promise, found, provider, fault) if fault and before else found

        operation = st.sampled_from(list(operations))
        return st.builds(scenario, operation, saids(provider), bytes_, ways_there(promise, provider), breaks)

    every = {provider: scenarios(provider) for provider in reachable(promise)}  # making them takes time
    return st.sampled_from(list(every)).flatmap(every.__getitem__)


# What the caller got


def _judged(promise: Promise, scenario: Scenario, history: History) -> list[Served]:
    return [one for one in all_served(promise, scenario, history) if clear(one.said)]


def _required(promise: Promise) -> frozenset[str]:
    providers = reachable(promise)
    whats = ("a call", "several calls", "arguments")
    labels = {f"{what} of {provider} reported" for provider in providers for what in whats}
    after_break = _breaks(promise) and any(on_the_way(promise, provider) for provider in providers)
    return frozenset(labels | ({"a call after a broken one"} if after_break else set()))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    for one in _judged(promise, scenario, history):
        got = calls_of(one.parts)
        if got and one.said.tool_calls:
            labels |= {f"a call of {one.provider} reported"}
            broken = {attempt.fault for attempt in history.attempts(one.call)} & set(BREAKING)
            labels |= {"a call after a broken one"} if broken else set()
        if len(got) > 1:
            labels |= {f"several calls of {one.provider} reported"}
        if any(called.read(call.arguments) not in (None, "{}") for call in got):
            labels |= {f"arguments of {one.provider} reported"}
    return frozenset(labels)


# Whether they are the provider's


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    every = _judged(promise, scenario, history)
    findings = [finding for one in every for finding in _judge(one, every)]
    findings += _passed_over(promise, scenario, history, every)
    for call in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _judge(one: Served, every: list[Served]) -> Iterator[Finding]:
    alike = [call for other in every if other.same == one.same for call in calls_of(other.parts)]
    found: dict[str, tuple[str, str]] = {}
    for code, expected, observed in _problems(one, alike):
        found.setdefault(code, (expected, observed))
    for code, (expected, observed) in found.items():
        yield Finding(code, expected, observed, one.call, one.provider, None, one.at_s)


def _passed_over(
    promise: Promise, scenario: Scenario, history: History, every: list[Served]
) -> Iterator[Finding]:
    """Yield the first call, of each answer that the caller did not get, of which the caller was not told."""
    for one, instead in passed_over(promise, scenario, history):
        reports = any(calls_of(other.parts) for other in every if other.same == one.same)
        _, lost, _ = _matched(list(one.said.tool_calls), calls_of(one.parts))
        if reports and lost and clear(one.said):
            yield Finding("call_lost", _sent(one, lost[0]), instead, one.call, one.provider, None, one.at_s)


# What a reader has to know of a stream whose calls are not numbered, or not cut, as OpenAI does it.
_FORMS_TOLD: Mapping[str, str] = MappingProxyType(
    {
        "missing": "without an index",
        "repeated": "with the index 0 for all calls",
        "interleaved": "in fragments of all calls in turn",
        "at_once": "all calls in one event",
    }
)


def _sent(one: Served, call: ToolCall) -> str:
    """Return in words which call a provider made and, of a stream, how that is unusual."""
    said, streamed = one.said, one.asked.operation == "stream"
    forms = [_FORMS_TOLD[form] for form in (said.tool_index, said.tool_fragments) if form in _FORMS_TOLD]
    how = f", {', '.join(forms)}" if streamed and forms else ""
    return f"{one.provider} made the call {_shown(call)}{how}"


def _problems(one: Served, alike: list[ToolCall]) -> Iterator[tuple[str, str, str]]:
    """Yield what became of the calls; `alike` are all that are reported of this provider in this way."""
    sent, got = list(one.said.tool_calls), calls_of(one.parts)
    if sent and not alike:
        return  # it reports no calls at all
    pairs, lost, added = _matched(sent, got)
    for call in lost:
        yield "call_lost", _sent(one, call), f"{_all(got)} reached the caller"
    for call in added:
        yield "call_added", f"{one.provider} made {_all(sent)}", f"the call {_shown(call)} as well"
    names, ids = any(call.name for call in alike), any(call.id for call in alike)
    for call, told in pairs:
        expected, observed = _sent(one, call), f"the call {_shown(told)}"
        if names and told.name != call.name:
            yield "wrong_name", expected, observed
        if ids and call.id is not None and told.id != call.id and one.dialect.name not in _OPTIONAL_IDS:
            yield "wrong_id", expected, observed
        if told.arguments != call.arguments and called.read(told.arguments) != called.read(call.arguments):
            yield "arguments_changed", expected, observed
    given = [call.id for call in got if call.id]
    if len(given) > len(set(given)):
        yield "wrong_id", "no two calls have the same id", _all(got)


def _matched(
    sent: list[ToolCall], got: list[ToolCall]
) -> tuple[list[tuple[ToolCall, ToolCall]], list[ToolCall], list[ToolCall]]:
    """Return which call became which, by id or else in order, and what is left of both."""
    by_id = {call.id: call for call in reversed(got) if call.id}
    pairs = [(call, by_id[call.id]) for call in sent if call.id in by_id]
    rest = [call for call in sent if call.id not in by_id]
    others = [call for call in got if not any(call is told for _, told in pairs)]
    both = min(len(rest), len(others))
    return [*pairs, *zip(rest, others, strict=False)], rest[both:], others[both:]


def _shown(call: ToolCall) -> str:
    return f"{call.name}({readable(call.arguments)}) with the id {call.id}"


def _all(calls: list[ToolCall]) -> str:
    return " and ".join(map(_shown, calls)) or "no call"


def _describe(promise: Promise) -> str:
    return (
        f"lets each of {', '.join(reachable(promise))} call tools, one or several, whole or in fragments cut "
        "anywhere, also after an answer that broke off, and compares the calls that reach the caller"
    )


KIND = Kind(
    name="tool_calls",
    summary="Calls of tools reach the caller complete: names, ids and arguments, however they are cut.",
    model=ToolCalls,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=routing.faults_of,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
