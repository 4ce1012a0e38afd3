"""The law of cancellation, one consumer that stops at a time; the head of that kind says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.history import (
    Attempt,
    CallStarted,
    ConnectFailed,
    ConnectionClosed,
    ConsumerStopped,
    Event,
    History,
    Replied,
    RequestReceived,
    ResponseSent,
)
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import told
from llminv.scenario import Scenario, Script, default_text
from llminv.simulation.faults import FAULTS, Met
from llminv.verdict import Finding

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise


def stops_of(promise: Promise, scenario: Scenario, history: History) -> Iterator[Stop]:
    """Yield each consumer that stopped."""
    for index, event in enumerate(history.events):
        if isinstance(event, ConsumerStopped):
            yield Stop(promise, scenario, history, event, history.events[:index], history.events[index + 1 :])


@dataclass(frozen=True)
class Stop:
    """A consumer that stopped, with what had happened before, and what happened after."""

    promise: Promise
    scenario: Scenario
    history: History
    stopped: ConsumerStopped
    before: tuple[Event, ...]
    after: tuple[Event, ...]

    def findings(self, within_s: float) -> Iterator[Finding]:
        """Yield what went on although the consumer had stopped."""
        for attempt in self._open():
            yield from self._left_open(attempt, within_s)
        yield from list(self._asked_again())[:1]  # one attempt too many says it
        for call in self.later():
            yield from self._failed(call)

    def sending(self) -> list[Attempt]:
        """Return the attempts whose provider had begun to answer, and had not ended."""
        return [attempt for attempt in self._open() if _bytes(self.before, attempt)]

    def later(self) -> list[int]:
        """Return the calls that began after the stop and are answered by every provider."""
        return [
            event.call
            for event in self.after
            if isinstance(event, CallStarted)
            and all(self.scenario.script(event.call, name) == Script(event.call, name) for name in self._all)
        ]

    @property
    def _all(self) -> tuple[str, ...]:
        return tuple(self.promise.providers)

    def _open(self) -> list[Attempt]:
        """Return the attempts of the call whose response was under way when the consumer stopped.

        What a provider sends all at once has left it by then, whoever reads it.
        """
        attempts = self.history.attempts(self.stopped.call)
        asked = [attempt for attempt in attempts if attempt.request and attempt.request in self.before]
        return [
            attempt for attempt in asked if self._takes_time(attempt) and _end(self.before, attempt) is None
        ]

    def _takes_time(self, attempt: Attempt) -> bool:
        act = self.scenario.script(attempt.call, attempt.provider).act(attempt.attempt)
        waits = attempt.fault is not None and FAULTS[attempt.fault].met is Met.WAITING
        return waits or act.gap_s > 0 or act.delay_s > 0

    def _left_open(self, attempt: Attempt, within_s: float) -> Iterator[Finding]:
        due_s = self.stopped.at_s + within_s
        end = _end(self.after, attempt)
        if self.history.ended_at_s <= due_s or (end is not None and end.at_s <= due_s):
            return
        if end is None:
            read_on = any(_bytes(self.after, attempt))
            observed = "it stayed open, and " + ("was read from" if read_on else "nobody read from it")
        else:
            how = "closed" if isinstance(end, ConnectionClosed) else "read to the end of the answer"
            observed = f"it was {how} {end.at_s - self.stopped.at_s:g} s after the consumer had stopped"
        yield Finding(
            code="left_open",
            expected=f"the connection to {attempt.provider} is closed within {within_s:g} s",
            observed=observed,
            call=self.stopped.call,
            provider=attempt.provider,
            fault_class=routing.class_of(attempt.fault),
            at_s=round(due_s, 6),
        )

    def _asked_again(self) -> Iterator[Finding]:
        """Yield the attempts that began after the stop."""
        for event in self.after:
            if not isinstance(event, RequestReceived | ConnectFailed) or event.call != self.stopped.call:
                continue
            if event.attempt >= 0 and not self._was_on_its_way(event):
                yield Finding(
                    code="asked_again",
                    expected="nobody is asked for a consumer that has stopped",
                    observed=f"{event.provider} was asked {event.at_s - self.stopped.at_s:g} s later",
                    call=self.stopped.call,
                    provider=event.provider,
                    at_s=event.at_s,
                )

    def _was_on_its_way(self, event: RequestReceived | ConnectFailed) -> bool:
        """Return whether an attempt to connect had begun, or may have, when the consumer stopped."""
        if isinstance(event, RequestReceived):
            return False
        return (event.at_s if event.since_s is None else event.since_s) <= self.stopped.at_s

    def _failed(self, call: int) -> Iterator[Finding]:
        outcome = self.history.outcome(call)
        text = routing.text_got(self.history, call)
        if isinstance(outcome, Replied) and any(default_text(name, call) in text for name in self._all):
            return
        yield Finding(
            code="later_call_failed",
            expected="a later call is answered",
            observed=f"it got {text!r}, and then {told(outcome)}",
            call=call,
            at_s=None if outcome is None else outcome.at_s,
        )


def _end(events: tuple[Event, ...], attempt: Attempt) -> ConnectionClosed | ResponseSent | None:
    """Return the event that ended the response of an attempt, or closed its connection."""
    for event in events:
        if isinstance(event, ResponseSent) and event.end is None:
            continue
        if isinstance(event, ConnectionClosed | ResponseSent) and attempt.has(event):
            return event
    return None


def _bytes(events: tuple[Event, ...], attempt: Attempt) -> list[ResponseSent]:
    return [event for event in events if isinstance(event, ResponseSent) and attempt.has(event)]
