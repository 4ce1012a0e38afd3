"""incremental: text reaches the consumer while the provider is still sending, not when it has sent it all.

The law. Where a provider sends an answer word by word, with time between the words, the consumer has the
first text before the provider has sent the last word. Virtual times prove it: both moments stand in the
history.

A handler may hold text back, for a guard that reads sentences or a filter that looks ahead, as long as it is
less than an answer of `words` words; so answers have that many, each a sentence of its own. Whoever holds
back more than that, waits for the finish reason, or asks for a whole answer to hand it out in chunks, does
not stream. Tool calls are not text: a half one is worth nothing, and may be held back until it is whole. That
the text is whole in the end is another kind's affair (stream_completion), and so is how long the first may
take (deadline).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from llminv.declaration.fields import Count
from llminv.history import Attempt, ChunkReceived, History, ResponseSent
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing, streams
from llminv.kinds.laws.reaching import on_all_ways
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.scenario import ANSWER, Act, Said, Scenario, Script, default_text
from llminv.simulation.dialects.stream import words
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "first_text_too_late": "The consumer got no text before the provider had sent the last of it.",
    **routing.STOPPED_CODES,
}

# A word that is a sentence, and a word of the default text.
SENTENCE = " Hello."
# Between two events, in seconds; and so much later, at most, an answer begins.
GAPS_S = (0.1, 0.25, 0.5)
DELAY_MAX_S = 3


class Incremental(RoutingInvariant):
    """The YAML fields; a handler may hold back less than an answer of `words` words."""

    words: Annotated[Count, Field(ge=2)] = 40


def _words(promise: Promise) -> int:
    if not isinstance(promise.invariant, Incremental):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.words


# What is played


def _slow(count: int, gap_s: float = GAPS_S[0], delay_s: float = 0.0, reasoning: str = "") -> Act:
    """Return the act of an answer that comes word by word."""
    return Act(said=Said(SENTENCE, count, reasoning=reasoning), gap_s=gap_s, delay_s=delay_s)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    count = _words(promise)
    for operation in operations:
        for provider in streams.reachable(promise):
            for act in (_slow(count), _slow(count, reasoning="Let me think.")):
                yield streams.at(promise, operation, provider, act)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    slow = st.builds(
        _slow,
        st.just(_words(promise)),
        st.sampled_from(GAPS_S),
        st.integers(0, DELAY_MAX_S).map(float),
        st.sampled_from(["", "Let me think."]),
    )
    faults = routing.faults_of(promise)
    failing = st.sampled_from([Act(fault) for fault in faults]) if faults else st.just(ANSWER)
    rows = [
        st.builds(
            Script,
            st.just(0),
            st.just(provider),
            st.lists(failing, max_size=1).map(tuple),
            st.one_of(slow, failing),
        )
        for provider in routing.chain_of(promise)
    ]
    return st.builds(routing.scenario_of, routing.calls(promise, operations), on_all_ways(promise, rows))


# What happened


@dataclass(frozen=True)
class _Sent:
    """An answer that came word by word: when it was asked for, and when its last word was sent."""

    attempt: Attempt
    words: int
    last_s: float


def _sent(promise: Promise, scenario: Scenario, history: History, call: int) -> _Sent | None:
    """Return the last answer to `call`, None where it is not one to judge by.

    The last word is sent with the last event that holds it as a text of its own; where none does, the answer
    was not asked for as a stream, and is sent when all of it is.
    """
    attempts = [attempt for attempt in history.attempts(call) if attempt.status == 200]
    if not attempts or attempts[-1].fault is not None:
        return None
    attempt = attempts[-1]
    act = scenario.script(call, attempt.provider).act(attempt.attempt)
    said = act.said or Said()
    text = default_text(attempt.provider, call) if said.text is None else said.text
    pieces = words(text * said.times)
    if len(pieces) < _words(promise) or not act.gap_s or said.sizes or said.deltas != "words":
        return None
    sent = [event for event in history.of(ResponseSent) if attempt.has(event)]
    last = json.dumps(pieces[-1])
    if attempt.text.count(last) >= pieces.count(pieces[-1]):
        ends = [event.at_s for event in sent if last in event.text]
    else:
        ends = [event.at_s for event in sent if event.end == "whole"]
    return _Sent(attempt, len(pieces), ends[-1]) if ends else None


def _first_text_s(history: History, call: int) -> float | None:
    """Return when the consumer got the first text, None where it got none."""
    chunks = (event for event in history.of(ChunkReceived) if event.call == call and event.chunk.text)
    first = next(chunks, None)
    return None if first is None else first.at_s


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(f"{provider} answered word by word" for provider in streams.reachable(promise))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for call in range(len(scenario.calls)):
        sent = _sent(promise, scenario, history, call)
        if sent is not None and _first_text_s(history, call) is not None:
            labels.add(f"{sent.attempt.provider} answered word by word")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for call in range(len(scenario.calls)):
        sent, first_s = _sent(promise, scenario, history, call), _first_text_s(history, call)
        if sent is not None and first_s is not None and first_s >= sent.last_s:
            findings.append(_late(sent, first_s, call))
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _late(sent: _Sent, first_s: float, call: int) -> Finding:
    provider, began_s = sent.attempt.provider, sent.attempt.started_at_s
    return Finding(
        code="first_text_too_late",
        expected=f"the consumer has text before {provider} has sent the last of {sent.words} words, "
        f"{sent.last_s - began_s:g} s after the request",
        observed=f"it got the first {first_s - began_s:g} s after the request",
        call=call,
        provider=provider,
        at_s=first_s,
    )


def _describe(promise: Promise) -> str:
    return (
        f"lets each of {', '.join(streams.reachable(promise))} answer in {_words(promise)} words, "
        "one by one with time between them, at once or after thoughts and failures"
    )


KIND = Kind(
    name="incremental",
    summary="Of a stream, the consumer gets text while the provider is still sending.",
    model=Incremental,
    operations=routing.STREAM,
    faults=routing.faults_of,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
