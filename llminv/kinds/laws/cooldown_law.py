"""The reference model of cooldowns: when a provider has to be left alone, and when it may be.

"After so many failures in a row" can be read in several ways: failures are attempts or calls; after a
cooldown the count starts anew or goes on; a failure in another way, which never counts, breaks the row or
does not. Where the count goes on, a provider is on trial after its cooldown until it answers; a failure in
another way tells there that it is well again, or nothing, and then it may rest once more. Nowhere does such
a failure keep it out for longer. There is one model for each reading; a handler that agrees with none of
them over a whole scenario breaks its promise.

A fault that the policy raises is a failure in another way unless the cooldown names it: the request is the
caller's, and the provider is as well as before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from llminv.declaration.models import Cooldown, meant
from llminv.history import Attempt, CallStarted, History
from llminv.kinds.laws import routing
from llminv.kinds.laws.exhausted import otherwise
from llminv.kinds.laws.routing import Route
from llminv.scenario import Act, Scenario
from llminv.verdict import Finding

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

MARGIN_MAX_S = 1.0
_NEVER = (-math.inf, -math.inf)


def margin_s(cooldown: Cooldown) -> float:
    """Return how close to the end of a cooldown nothing is judged: when it began is not known exactly."""
    return min(MARGIN_MAX_S, cooldown.seconds / 20)


@dataclass
class Reading:
    """What is known of each provider before a call, in one reading of the policy."""

    cooldown: Cooldown | None
    by_calls: bool = False
    starts_anew: bool = False
    others_break: bool = False
    others_close: bool = False
    _counts: dict[str, int] = field(default_factory=dict)
    # Until when a provider has to rest, and until when it may.
    _rests: dict[str, tuple[float, float]] = field(default_factory=dict)
    # Providers that failed in both ways in one call: whether that call counts is not declared.
    _unclear: set[str] = field(default_factory=set)

    def must_rest(self, provider: str, at_s: float) -> bool:
        """Return whether the provider has to be left alone at this time."""
        return provider not in self._unclear and at_s < self._rests.get(provider, _NEVER)[0]

    def all_rest(self, providers: Sequence[str], at_s: float) -> bool:
        """Return whether all of `providers` have to be left alone at this time."""
        return bool(providers) and all(self.must_rest(provider, at_s) for provider in providers)

    def may_rest(self, provider: str, at_s: float) -> bool:
        """Return whether the provider may be left alone at this time."""
        return provider in self._unclear or at_s < self._rests.get(provider, _NEVER)[1]

    def has_rested(self, provider: str, at_s: float) -> bool:
        """Return whether a cooldown of the provider has ended before this time."""
        return provider in self._rests and not self.may_rest(provider, at_s)

    def learn(self, routes: Sequence[Route]) -> None:
        """Take in how calls went that ran side by side."""
        if self.cooldown is None:
            return
        cooling = meant(self.cooldown.faults)
        ended_at_s = max(route.ended_at_s() for route in routes)
        attempts = [attempt for route in routes for attempt in route.attempts]
        self._unclear |= _in_both_ways(attempts, cooling)
        last = {(attempt.call, attempt.provider): attempt.attempt for attempt in attempts}
        for attempt in sorted(attempts, key=lambda attempt: attempt.ended_at_s):
            provider, fault = attempt.provider, attempt.fault
            if not routing.fails(Act(fault)):
                self._answered(provider)
            elif self.by_calls and last[attempt.call, provider] != attempt.attempt:
                continue
            elif fault not in cooling:
                self._failed_otherwise(self.cooldown, provider, ended_at_s)
            else:
                self._counts[provider] = self._counts.get(provider, 0) + 1
                if self._counts[provider] >= self.cooldown.after_failures:
                    self._cool(self.cooldown, provider, attempt.ended_at_s, ended_at_s)

    def _cool(self, cooldown: Cooldown, provider: str, from_s: float, ended_at_s: float) -> None:
        """Let a provider rest, from its failure on or from when the handler was done with the call."""
        before = self._rests.get(provider, _NEVER)
        close_s = margin_s(cooldown)
        rests = (from_s + cooldown.seconds - close_s, ended_at_s + cooldown.seconds + close_s)
        # A later, longer cooldown wins.
        self._rests[provider] = (max(before[0], rests[0]), max(before[1], rests[1]))
        if self.starts_anew:
            self._counts[provider] = 0

    def _answered(self, provider: str) -> None:
        """Forget its failures; where it was resting all the same, it may rest on, and need not."""
        self._counts[provider] = 0
        if provider in self._rests:
            self._rests[provider] = (-math.inf, self._rests[provider][1])

    def _failed_otherwise(self, cooldown: Cooldown, provider: str, ended_at_s: float) -> None:
        """Take in a failure that does not count; who is on trial may rest for one cooldown more."""
        on_trial = self._counts.get(provider, 0) >= cooldown.after_failures
        if self.others_close if on_trial else self.others_break:
            self._answered(provider)
        elif on_trial:
            must_s, may_s = self._rests[provider]
            again_s = ended_at_s + cooldown.seconds + margin_s(cooldown)
            self._rests[provider] = (must_s, max(may_s, again_s))


def _in_both_ways(attempts: Sequence[Attempt], cooling: frozenset[str]) -> set[str]:
    """Return the providers that failed with `cooling` faults and with others in one call."""
    ways: dict[tuple[int, str], set[bool]] = {}
    for attempt in attempts:
        if routing.fails(Act(attempt.fault)):
            ways.setdefault((attempt.call, attempt.provider), set()).add(attempt.fault in cooling)
    return {provider for (_, provider), met in ways.items() if len(met) > 1}


def _readings(cooldown: Cooldown | None) -> list[Reading]:
    """Return the readings of a policy, the most lenient one last."""
    if cooldown is None:
        return [Reading(None)]
    both = (False, True)
    return [Reading(cooldown, *choices) for choices in product(both, both, both, both)]


@dataclass(frozen=True)
class Moment:
    """A call that ran alone: `agreed` are the readings that agree with all that was done until its end.

    `findings` are those of the readings that agreed until the call came.
    """

    route: Route
    at_s: float
    agreed: list[Reading]
    findings: list[Finding]


def walk(promise: Promise, scenario: Scenario, history: History) -> Iterator[Moment]:
    """Yield each call that ran alone, until no reading agrees with what the handler did."""
    starts = {event.call: event.at_s for event in history.of(CallStarted)}
    readings = _readings(promise.policy.cooldown)
    failed: dict[str, str | None] = {}
    for calls in _groups(scenario):
        if not starts.keys() >= set(calls):
            return
        routes = [routing.route_of(promise, scenario, history, call) for call in calls]
        if len(calls) == 1:
            at_s = starts[calls[0]]
            found = [_judge(promise, reading, routes[0], calls[0], at_s, failed) for reading in readings]
            readings = [reading for reading, finding in zip(readings, found, strict=True) if finding is None]
            findings = [finding for finding in found if finding is not None]
            yield Moment(routes[0], at_s, readings, findings)
            if not readings:
                return
        for reading in readings:
            reading.learn(routes)
        for attempt in (attempt for route in routes for attempt in route.attempts):
            if routing.fails(Act(attempt.fault)):
                failed[attempt.provider] = attempt.fault


def _groups(scenario: Scenario) -> list[list[int]]:
    """Return the numbers of the calls, those that ran side by side in one list."""
    groups: list[list[int]] = []
    for number, call in enumerate(scenario.calls):
        if call.joins and groups:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _judge(
    promise: Promise, reading: Reading, route: Route, call: int, at_s: float, failed: dict[str, str | None]
) -> Finding | None:
    """Return what a call did against a reading; `failed` are the providers that failed before, and how."""
    if reading.all_rest(route.order, at_s):
        return _judge_all_resting(promise, reading, route, call, at_s)
    if all(reading.may_rest(provider, at_s) for provider in route.order):
        return None
    reached = max((route.order.index(name) for name in route.tried if name in route.order), default=None)
    for provider in route.order if reached is None else route.order[: reached + 1]:
        first = next((attempt for attempt in route.attempts if attempt.provider == provider), None)
        if provider not in failed:
            continue
        fault_class = routing.class_of(failed[provider])
        if first is not None and reading.must_rest(provider, first.started_at_s):
            expected = f"{provider} is left alone until its cooldown ends"
            observed = f"{provider} was called at {first.started_at_s:.3f} s"
            where = (call, provider, fault_class, first.started_at_s)
            return Finding("called_in_cooldown", expected, observed, *where)
        if first is None and not reading.may_rest(provider, at_s):
            expected = f"{provider} is tried in its turn: nothing holds it back"
            observed = f"{', '.join(route.tried) or 'no provider'} was called"
            return Finding("left_alone", expected, observed, call, provider, fault_class, at_s)
    return None


def _judge_all_resting(
    promise: Promise, reading: Reading, route: Route, call: int, at_s: float
) -> Finding | None:
    """Return what a call did that found every provider in cooldown, against what is declared for it."""
    declared = reading.cooldown and reading.cooldown.all_in_cooldown
    if declared == "try" and not route.attempts:
        expected = "providers are tried all the same: every one is in cooldown"
        return Finding("left_alone", expected, "no provider was called", call, at_s=at_s)
    if declared != "raise":
        return None
    for attempt in route.attempts:
        if reading.must_rest(attempt.provider, attempt.started_at_s):
            expected = "nobody is called: every provider is in cooldown"
            observed = f"{attempt.provider} was called at {attempt.started_at_s:.3f} s"
            where = (call, attempt.provider, routing.class_of(attempt.fault), attempt.started_at_s)
            return Finding("called_in_cooldown", expected, observed, *where)
    if route.attempts:  # a cooldown has ended meanwhile
        return None
    return otherwise(promise, route.outcome, call, "every provider is in cooldown")
