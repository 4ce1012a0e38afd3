"""parity: whatever way a call is made, it takes the same course.

One scenario makes the same call twice, in two of the ways that the handler offers, against the same
scripts. Attempts, text, usage and error must be the same, but for what the invariant excepts. The
pauses between attempts are random by declaration and are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Annotated, Literal

from llminv.declaration.fields import Choice
from llminv.history import ChunkReceived, History, Raised, Replied
from llminv.kinds import routing
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.routing import RoutingInvariant
from llminv.scenario import EVERY_CALL, Call, Scenario, Script, default_text
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.contract import Usage
    from llminv.declaration.promise import Promise

CODES = {
    "attempts_differ": "The same call, made in another way, tried other providers, or at other times.",
    "text_differs": "The same call, made in another way, got another text.",
    "usage_differs": "The same call, made in another way, reported another usage.",
    "error_differs": "The same call, made in another way, ended otherwise.",
}

Aspect = Annotated[Literal["attempts", "text", "usage", "error"], Choice()]


class Parity(RoutingInvariant):
    """The YAML fields; `excepts` are the aspects in which the ways may differ."""

    excepts: tuple[Aspect, ...] = ()


def _twice(operations: tuple[str, ...], rows: tuple[Script, ...], start: str | None) -> Scenario:
    calls = tuple(Call(operation, start=start) for operation in operations)
    return Scenario(calls, tuple(replace(row, call=EVERY_CALL) for row in rows))


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    start = routing.start_of(promise)
    for pair in permutations(operations, 2):
        for scenario in routing.prefixes_down(promise, [pair[0]]):
            yield _twice(pair, scenario.acts, start)
        for fault in routing.faults_of(promise):
            yield _twice(pair, routing.down(Call(pair[0]), promise.policy.chain, fault).acts, start)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    pairs = st.sampled_from(list(permutations(operations, 2)))
    drawn = routing.scripts(promise, list(operations)[:1], failures_max=3)
    start = routing.start_of(promise)
    return st.builds(lambda pair, scenario: _twice(pair, scenario.acts, start), pairs, drawn)


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    del promise, operations
    yield from ()


def _required(promise: Promise) -> frozenset[str]:
    del promise
    return frozenset({"both ways fell back", "both ways failed", "both ways answered"})


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    routes = [routing.route_of(promise, scenario, history, call) for call in range(len(scenario.calls))]
    labels = set()
    if len(routes) == 2:
        if all(len(route.tried) > 1 for route in routes):
            labels.add("both ways fell back")
        if all(isinstance(route.outcome, Raised) for route in routes):
            labels.add("both ways failed")
        if all(isinstance(route.outcome, Replied) for route in routes):
            labels.add("both ways answered")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    if len(scenario.calls) != 2 or any(row.call != EVERY_CALL for row in scenario.acts):
        return []  # only what meets the same scripts can be compared
    excepts = promise.invariant.excepts if isinstance(promise.invariant, Parity) else ()
    one, other = (_Course(history, call) for call in (0, 1))
    ways = [call.operation for call in scenario.calls]
    findings = []
    for aspect, code in (
        ("error", "error_differs"),
        ("attempts", "attempts_differ"),
        ("text", "text_differs"),
        ("usage", "usage_differs"),
    ):
        first, second = getattr(one, aspect), getattr(other, aspect)
        if aspect in excepts or first == second or (aspect == "usage" and None in (first, second)):
            continue
        expected = f"{ways[1]} takes the same course as {ways[0]}: {first}"
        findings.append(Finding(code, expected, f"{second}", 1, None, None, other.ended_at_s))
    return findings


class _Course:
    """One call in the aspects that are compared, as text and values."""

    def __init__(self, history: History, call: int) -> None:
        outcome = history.outcome(call)
        attempts = history.attempts(call)
        self.attempts = [f"{attempt.provider} ({attempt.fault or 'answers'})" for attempt in attempts]
        chunks = [event.chunk for event in history.of(ChunkReceived) if event.call == call]
        reply = outcome.reply if isinstance(outcome, Replied) else None
        text = reply.text if reply is not None else "".join(chunk.text for chunk in chunks)
        for attempt in attempts:
            # Answers name their call, and the two calls are not the same one.
            text = text.replace(default_text(attempt.provider, call), f"the answer of {attempt.provider}")
        self.text = text
        reported = [chunk.usage for chunk in chunks if chunk.usage is not None]
        self.usage: Usage | None = reply.usage if reply is not None else (reported or [None])[-1]
        self.error = outcome.error.type if isinstance(outcome, Raised) else _ending(outcome)
        self.ended_at_s = outcome.at_s if outcome is not None else None


def _ending(outcome: object) -> str:
    return "a reply" if isinstance(outcome, Replied) else "no end"


def _describe(promise: Promise) -> str:
    return (
        "makes every call twice, in two of the ways that the handler offers (complete, acomplete, stream, "
        f"astream), with {', '.join(routing.classes_of(promise))} at the providers"
    )


KIND = Kind(
    name="parity",
    summary="Synchronous or not, streamed or whole: the same call takes the same course.",
    model=Parity,
    operations=("complete", "acomplete", "stream", "astream"),
    operations_min=2,
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
)
