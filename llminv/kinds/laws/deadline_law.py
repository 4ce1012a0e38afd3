"""The law of deadline, one call at a time; the head of that kind says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llminv.history import Attempt, History, Raised, Replied
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import told
from llminv.kinds.laws.waits import Watched, watched
from llminv.scenario import Act, Scenario, default_text
from llminv.simulation.plan import SLOW_GAP_S, SLOW_HEADERS_S
from llminv.verdict import Finding

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

OVERDUE = {
    "first_token_s": "first_token_too_late",
    "idle_s": "idle_too_long",
    "attempt_s": "attempt_too_long",
}
SLOW = (None, "slow_headers", "slow_drip")
# A stream comes in one piece for each word, and at most so many more, some of them before the first word.
MORE_EVENTS = 10
EVENTS_BEFORE_FIRST = 8
# So many pings, which are no progress, may stand between two words.
PINGS_BETWEEN = 2
_STREAM = re.compile(r'"stream"\s*:\s*true')


def limits_of(promise: Promise) -> dict[str, float]:
    """Return the declared limits by name: a default that nobody wrote down is nobody's promise."""
    timeouts = promise.policy.timeouts
    if "timeouts" not in promise.policy.model_fields_set:
        return {}
    return {
        name: value for name, value in timeouts if name in timeouts.model_fields_set and value is not None
    }


def slowness(act: Act) -> tuple[float, float]:
    """Return the delay before the first byte of an answer, and the gap between its pieces."""
    delay_s = act.delay_s or (SLOW_HEADERS_S if act.fault == "slow_headers" else 0.0)
    return delay_s, act.gap_s or (SLOW_GAP_S if act.fault == "slow_drip" else 0.0)


def pieces_of(act: Act, provider: str, call: int, *, streamed: bool) -> int:
    """Return in how many pieces, at most, a slow answer of `provider` to `call` comes: head and body."""
    return len(default_text(provider, call).split()) + MORE_EVENTS if streamed else 1 + act.pieces


def live_s(promise: Promise, tolerance_s: float, act: Act, attempt: Attempt, operation: str) -> float | None:
    """Return how long an answer takes that comes slowly, but clearly within every limit.

    None for any other act. A handler may ask for a stream to make one reply of it.
    """
    limits = limits_of(promise)
    delay_s, gap_s = slowness(act)
    if act.fault != attempt.fault or act.fault not in SLOW or act.said is not None or not delay_s + gap_s:
        return None
    if not limits.keys() >= {"first_token_s", "idle_s", "attempt_s", "total_s"}:
        return None
    streamed = operation in routing.STREAM or asks_for_stream(attempt)
    whole_s = delay_s + (pieces_of(act, attempt.provider, attempt.call, streamed=streamed) - 1) * gap_s
    waits_s = {
        "first_token_s": delay_s + (EVENTS_BEFORE_FIRST * gap_s if streamed else 0.0),
        "idle_s": gap_s * (1 + PINGS_BETWEEN if streamed else 1),
        "attempt_s": whole_s,
    }
    within = all(seconds <= limits[name] - tolerance_s for name, seconds in waits_s.items())
    return whole_s if within else None


def asks_for_stream(attempt: Attempt) -> bool:
    """Return whether the request of `attempt` asks for a stream, in the way of any format."""
    request = attempt.request
    if request is None:
        return False
    return "streamGenerateContent" in request.url or _STREAM.search(request.body) is not None


class InTime:
    """One call against the limits."""

    def __init__(
        self, promise: Promise, tolerance_s: float, scenario: Scenario, history: History, call: int
    ) -> None:
        self._promise = promise
        self._scenario = scenario
        self._history = history
        self._route = routing.route_of(promise, scenario, history, call)
        self._call = call
        self._started_s = routing.started_s(history, call)
        self._operation = scenario.calls[call].operation
        self._limits = limits_of(promise)
        self._tolerance_s = tolerance_s

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the attempts, then with the whole call."""
        streamed = self._operation in routing.STREAM
        for attempt in watched(self._promise, self._history, self._route, streamed=streamed):
            yield from self._overdue(attempt)
            yield from self._killed(attempt)
        yield from self._connecting()
        yield from self._whole_call()

    def _is_over(self, limit: str, seconds: float) -> bool:
        return limit in self._limits and seconds > self._limits[limit] + self._tolerance_s

    def _overdue(self, watched: Watched) -> Iterator[Finding]:
        """The first wait of an attempt that was too long says it all."""
        for wait in watched.waits:
            if self._is_over(wait.limit, wait.seconds - wait.doubt_s):
                limit = f"{self._limits[wait.limit]:g} s ({wait.limit})"
                expected = f"{watched.attempt.provider} is given up after {limit}"
                observed = f"it was waited for {wait.seconds:g} s"
                yield self._finding(OVERDUE[wait.limit], expected, observed, watched.attempt, wait.at_s)
                return

    def _killed(self, watched: Watched) -> Iterator[Finding]:
        attempt, outcome = watched.attempt, self._route.outcome
        act = self._scenario.script(self._call, attempt.provider).act(attempt.attempt)
        takes_s = live_s(self._promise, self._tolerance_s, act, attempt, self._operation)
        ends_s = self._started_s + self._limits.get("total_s", 0.0) - self._tolerance_s
        if takes_s is None or attempt.started_at_s + takes_s >= ends_s:
            return
        following = watched.following
        if following is None and not isinstance(outcome, Raised):
            return
        observed = f"{following.provider} was asked" if following is not None else told(outcome)
        at_s = following.started_at_s if following is not None else self._route.ended_at_s()
        delay_s, gap_s = slowness(act)
        how = f"{delay_s:g} s before the first byte and {gap_s:g} s between two pieces"
        expected = f"the answer of {attempt.provider} comes back: {how} are within the limits"
        yield self._finding("live_answer_killed", expected, observed, attempt, at_s)

    def _connecting(self) -> Iterator[Finding]:
        for attempt in self._route.attempts:
            seconds = round(attempt.ended_at_s - attempt.started_at_s, 6)
            if attempt.request is None and self._is_over("connect_s", seconds):
                limit = f"{self._limits['connect_s']:g} s (connect_s)"
                expected = f"connecting to {attempt.provider} is given up after {limit}"
                yield self._finding(
                    "connect_too_long", expected, f"it took {seconds:g} s", attempt, attempt.ended_at_s
                )

    def _whole_call(self) -> Iterator[Finding]:
        if "total_s" not in self._limits:
            return
        total_s = self._limits["total_s"]
        for attempt in self._route.attempts:
            since_s = round(attempt.started_at_s - self._started_s, 6)
            if self._is_over("total_s", since_s):
                expected = f"no attempt begins later than {total_s:g} s after the call (total_s)"
                observed = f"{attempt.provider} was asked after {since_s:g} s"
                yield self._finding(
                    "attempt_after_deadline", expected, observed, attempt, attempt.started_at_s
                )
                break
        outcome = self._route.outcome
        lasted_s = round(self._route.ended_at_s() - self._started_s, 6)
        if isinstance(outcome, Raised | Replied) and self._is_over("total_s", lasted_s):
            last = self._route.attempts[-1] if self._route.attempts else None
            expected = f"the call ends within {total_s:g} s (total_s)"
            yield self._finding(
                "call_too_long", expected, f"it ended after {lasted_s:g} s", last, outcome.at_s
            )

    def _finding(
        self, code: str, expected: str, observed: str, attempt: Attempt | None, at_s: float
    ) -> Finding:
        provider = attempt.provider if attempt is not None else None
        failed = routing.class_of(attempt.fault) if attempt is not None else None
        return Finding(code, expected, observed, self._call, provider, failed, round(at_s, 6))
