"""cancellation: when the consumer of a stream stops, nothing goes on behind its back.

The law, from the moment at which the consumer wants no more. It closes the stream between two chunks or,
where it is asynchronous, is cancelled while it waits, as web frameworks do to whoever serves a client that
has gone.
- Within `within_s` every connection of the call on which a response is still under way is closed, or that
  response has come to its end. A provider goes on, and bills, until it sees that nobody listens: so the rest
  may be drained to use the connection again, but only as long as that takes no more than that time; and an
  open connection that nobody reads is left open. So is one that waits for the garbage collector, because
  its client is part of a reference cycle: nobody promises when that comes by.
- No attempt begins, be it a retry, a fallback or the next try after a pause. A consumer that stops is not a
  failure.
- A later call is answered: nothing is used up, locked, or counted against a provider.

Only a stream that was still going on when the consumer stopped tells anything; one that the handler had
taken whole by then, or the provider had sent all at once, does not count: so answers begin with as much as a
handler may hold back (incremental), and go on in small pieces. Whatever stopping raises in the consumer is
not judged. A handler that reads on to learn what it is billed does not keep this law.

Consumers are cancelled at moments at which nothing else happens. What becomes of an answer that comes in the
very moment of the cancellation is for libraries to say: before Python 3.12 `asyncio.wait_for` drops the
cancellation (https://github.com/python/cpython/issues/86296).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llminv.declaration.fields import Limit
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing, streams
from llminv.kinds.laws.cancellation_law import stops_of
from llminv.kinds.laws.reaching import on_all_ways, on_the_way
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.scenario import ANSWER, Act, Call, Said, Scenario, Script
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "left_open": "The connection to a provider was still open when it had to be closed.",
    "asked_again": "A provider was asked after the consumer had stopped.",
    "later_call_failed": "A call after the one that was stopped was not answered.",
    **routing.STOPPED_CODES,
}

# Who can be cancelled while it waits.
CANCELLED = "astream"
# The faults that keep a consumer waiting, before the headers, and behind so many words.
SILENT_BEFORE = "no_answer"
SILENT_BEHIND = "stall"
CHUNKS_MAX = 3
# When a consumer is cancelled that waits for the first chunk; it is drawn to wait up to so much longer, whole
# seconds. What providers do is due at whole seconds.
CANCELLED_S = 1.25
CANCELLED_LATER_S = 9
# How an answer goes on: sentences of a word, forty at once, which nobody holds back, and then one at a time.
SENTENCE = " Hello."
SIZES = (40 * len(SENTENCE), *(len(SENTENCE),) * 20)


class Cancellation(RoutingInvariant):
    """The YAML fields."""

    within_s: Limit = 1.0


def _within_s(promise: Promise) -> float:
    if not isinstance(promise.invariant, Cancellation):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.within_s


# What is played


def _going_on(promise: Promise) -> Act:
    """Return the act of an answer that goes on longer than closing may take, after any of its first words."""
    said = Said(SENTENCE, sum(SIZES) // len(SENTENCE), sizes=SIZES)
    return Act(said=said, gap_s=2 * max(1.0, _within_s(promise)))


def _stopped(promise: Promise, call: Call, rows: tuple[Script, ...]) -> Scenario:
    """Return the scenario in which a call that is stopped is followed, some time later, by another one."""
    later = Call(call.operation, start=call.start, wait_s=_within_s(promise) + 1)
    kept = routing.scenario_of(call, rows).acts
    return Scenario((call, later), kept)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    start, going_on = routing.start_of(promise), _going_on(promise)
    for operation in operations:
        for provider in streams.reachable(promise):
            way = on_the_way(promise, provider)
            for act in (going_on, Act(SILENT_BEHIND, CHUNKS_MAX)):
                call = Call(operation, start=start, stop_after=1)
                yield _stopped(promise, call, (*way, Script(0, provider, then=act)))
            if operation == CANCELLED:
                for act in (Act(SILENT_BEFORE), Act(SILENT_BEHIND), going_on):
                    call = Call(operation, start=start, stop_after_s=CANCELLED_S)
                    yield _stopped(promise, call, (*way, Script(0, provider, then=act)))
        if operation == CANCELLED:
            yield from _in_a_pause(promise)


def _in_a_pause(promise: Promise) -> Iterator[Scenario]:
    """Yield, for each fault to retry, the scenario in which the consumer stops in the pause behind it."""
    call = Call(CANCELLED, start=routing.start_of(promise), stop_after_s=CANCELLED_S)
    for fault in routing.faults_of(promise):
        if fault in promise.policy.retry_faults:
            yield _stopped(promise, call, routing.down(call, routing.chain_of(promise), fault).acts)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    start, going_on = routing.start_of(promise), _going_on(promise)
    after = st.builds(
        Call, st.sampled_from(list(operations)), start=st.just(start), stop_after=st.integers(1, CHUNKS_MAX)
    )
    seconds = st.integers(0, CANCELLED_LATER_S).map(lambda later: CANCELLED_S + later)
    cancelled = st.builds(Call, st.just(CANCELLED), start=st.just(start), stop_after_s=seconds)
    calls = st.one_of(after, cancelled) if CANCELLED in operations else after
    held = [Act(SILENT_BEFORE), *(Act(SILENT_BEHIND, words) for words in range(CHUNKS_MAX + 1))]
    late = st.integers(0, CHUNKS_MAX).map(lambda seconds: replace(going_on, delay_s=float(seconds)))
    faults = [Act(fault) for fault in routing.faults_of(promise)]
    failing = st.sampled_from(faults) if faults else st.just(ANSWER)
    rows = [
        st.builds(
            Script,
            st.just(0),
            st.just(provider),
            st.lists(failing, max_size=2).map(tuple),
            st.one_of(late, st.sampled_from(held), failing),
        )
        for provider in routing.chain_of(promise)
    ]
    return st.builds(lambda call, drawn: _stopped(promise, call, drawn), calls, on_all_ways(promise, rows))


def _faults(promise: Promise) -> tuple[str, ...]:
    """Return the faults to play: those that lead to another attempt, and those that keep it waiting."""
    return tuple(dict.fromkeys((*routing.faults_of(promise), SILENT_BEFORE, SILENT_BEHIND)))


# What was shown


def _required(promise: Promise) -> frozenset[str]:
    sending = {f"stopped while {provider} was sending" for provider in streams.reachable(promise)}
    return frozenset(sending | {"a later call was made"})


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for stop in stops_of(promise, scenario, history):
        labels |= {f"stopped while {attempt.provider} was sending" for attempt in stop.sending()}
        if stop.later():
            labels.add("a later call was made")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for stop in stops_of(promise, scenario, history):
        findings += stop.findings(_within_s(promise))
    for call in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _describe(promise: Promise) -> str:
    return (
        f"stops the consumer after a first chunk while {', '.join(streams.reachable(promise))} is sending or "
        f"silent and, where it is asynchronous, while it waits for one or in a pause between two attempts, "
        f"looks for {_within_s(promise):g} s at what goes on, and makes another call"
    )


KIND = Kind(
    name="cancellation",
    summary="When the consumer stops, the connection is closed, nobody is asked, and later calls work.",
    model=Cancellation,
    operations=routing.STREAM,
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
