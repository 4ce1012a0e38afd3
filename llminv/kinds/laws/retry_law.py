"""The law of retry_budget, one provider of one call at a time; the head of that kind says what it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llminv.history import Attempt, Raised, Replied
from llminv.kinds.laws import pauses, routing
from llminv.kinds.laws.routing import Route, told
from llminv.scenario import Script
from llminv.simulation.faults import FAULTS, Met, Where
from llminv.verdict import Finding

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise
    from llminv.kinds.laws.pauses import Pause


class Retrying:
    """One provider in one call, which began at `started_s`: `script` is its part, `route` what happened."""

    def __init__(
        self,
        promise: Promise,
        tolerance_s: float,
        script: Script,
        route: Route,
        *,
        streamed: bool,
        started_s: float,
    ) -> None:
        self._policy = promise.policy
        self._retries = promise.policy.retries
        self._tolerance_s = tolerance_s
        self._script = script
        self._provider = script.provider
        self._dialect = promise.providers[script.provider].dialect
        self._route = route
        self._streamed = streamed
        self._started_s = started_s
        self._mine = [attempt for attempt in route.attempts if attempt.provider == script.provider]

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong, until the law has no more to say."""
        for retry, attempt in enumerate(self._mine):
            following = self._mine[retry + 1] if retry + 1 < len(self._mine) else None
            answered = routing.answers(attempt) and attempt.status is not None
            if not answered and not self._is_judged(attempt):
                return
            retried = attempt.fault in self._policy.retry_faults
            if answered or not retried or retry >= self._retries.max:
                if following is not None:
                    yield self._one_more(attempt, following, answered=answered, retried=retried)
                elif not answered:
                    yield from self._moves_on(attempt, retry)
                return
            pause = self._pause(attempt, retry)
            if following is not None:
                yield from self._paused(attempt, following, pause)
                continue
            if not pause.over_cap and not self._excused(attempt, retry, pause):
                yield self._one_less(attempt, retry)
            yield from self._moves_on(attempt, retry)

    def _is_judged(self, attempt: Attempt) -> bool:
        fault = attempt.fault
        return (
            fault is not None
            and attempt.reached
            and self._policy.stance(fault) is not None
            and not (self._streamed and FAULTS[fault].where is Where.BODY)
            and (attempt.status is None or not 300 <= attempt.status < 400)
        )

    def _pause(self, attempt: Attempt, retry: int) -> Pause:
        act = self._script.act(attempt.attempt)
        return pauses.before_retry(self._policy, self._dialect, act, attempt, retry)

    def _excused(self, attempt: Attempt, retry: int, pause: Pause) -> bool:
        """Return whether no retry is expected: the time would be up, a cooldown begins, or the call hangs."""
        cooldown = self._policy.cooldown
        timeouts = self._policy.timeouts
        ends_s = self._started_s + timeouts.total_s if "total_s" in timeouts.model_fields_set else math.inf
        return (
            attempt.ended_at_s + pause.most_s >= ends_s
            or (cooldown is not None and retry + 1 >= cooldown.after_failures)
            or not isinstance(self._route.outcome, Replied | Raised)
        )

    # Counts

    def _one_more(self, attempt: Attempt, following: Attempt, *, answered: bool, retried: bool) -> Finding:
        code = "too_many_attempts" if answered or retried else "retried_unretryable"
        expected = f"{self._provider} is not asked again after {attempt.fault}"
        if answered:
            expected = f"{self._provider} is not asked again after its answer"
        elif retried:
            most = self._retries.max
            expected = f"{self._provider} is asked {1 + most} times at most: retries.max is {most}"
        observed = f"{self._provider} was asked {len(self._mine)} times"
        return self._finding(code, expected, observed, attempt, following.started_at_s)

    def _one_less(self, attempt: Attempt, retry: int) -> Finding:
        most = 1 + self._retries.max
        expected = f"{self._provider} is asked again after {attempt.fault}, up to {most} times in all"
        observed = f"{self._provider} was asked {retry + 1} times, then: {told(self._route.outcome)}"
        return self._finding("too_few_attempts", expected, observed, attempt, attempt.ended_at_s)

    # Pauses

    def _paused(self, attempt: Attempt, following: Attempt, pause: Pause) -> Iterator[Finding]:
        if self._after(attempt) is not following:
            return  # others were asked in between: that is fallback_order's affair
        waited_s = _waited_s(attempt, following)
        if waited_s is None:
            return
        code = None
        if waited_s < pause.least_s - self._tolerance_s and not _waited_in_vain(attempt):
            code = "retry_after_ignored" if pause.binds else "backoff_too_short"
        elif waited_s > pause.most_s + self._tolerance_s:
            code = "waited_too_long" if pause.advice else "backoff_too_long"
        if code is not None:
            why = f" after {pause.advice}" if pause.advice else f" after {attempt.fault}"
            expected = f"{self._provider} is asked again within {pause}{why}"
            observed = f"it was asked again after {waited_s:g} s"
            yield self._finding(code, expected, observed, attempt, following.started_at_s)

    def _moves_on(self, attempt: Attempt, retry: int) -> Iterator[Finding]:
        """After the last attempt there is nothing to wait for; a pause as long as the backoff is forgiven."""
        following = self._after(attempt)
        outcome = self._route.outcome
        if following is not None:
            waited_s, next_step = _waited_s(attempt, following), f"{following.provider} was asked"
        elif isinstance(outcome, Raised | Replied):
            waited_s, next_step = outcome.at_s - attempt.ended_at_s, "the call ended"
        else:
            return
        most_s = pauses.backoff(self._policy, retry).most_s
        if waited_s is None or waited_s <= most_s + self._tolerance_s:
            return
        advice = self._pause(attempt, retry).advice
        code = "waited_too_long" if advice else "backoff_too_long"
        expected = f"no pause of more than {most_s:g} s after {self._provider} has failed for the last time"
        observed = f"{next_step} after {waited_s:g} s"
        yield self._finding(code, expected, observed, attempt, attempt.ended_at_s + waited_s)

    def _after(self, attempt: Attempt) -> Attempt | None:
        """Return the attempt of the call that comes next, at whatever provider."""
        index = self._route.attempts.index(attempt)
        return self._route.attempts[index + 1] if index + 1 < len(self._route.attempts) else None

    def _finding(self, code: str, expected: str, observed: str, attempt: Attempt, at_s: float) -> Finding:
        failed = routing.class_of(attempt.fault)
        return Finding(code, expected, observed, self._script.call, self._provider, failed, round(at_s, 6))


def _waited_s(attempt: Attempt, following: Attempt) -> float | None:
    """Return the pause between two attempts; None where the history does not show it.

    When the handler knew of a failure on a connection that it let go of only later stands nowhere.
    """
    if following.started_at_s < attempt.ended_at_s:
        return None
    return round(following.started_at_s - attempt.ended_at_s, 6)


def _waited_in_vain(attempt: Attempt) -> bool:
    fault = FAULTS[attempt.fault or ""]
    return fault.met is Met.WAITING or attempt.request is None
