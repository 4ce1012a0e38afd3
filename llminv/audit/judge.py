"""Playing and judging the scenarios of one promise, with everything that a verdict needs counted on the way."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field

from llminv.audit.worker import Worker
from llminv.declaration.promise import Promise
from llminv.history import ContractBroken, History
from llminv.kinds.interface import Kind
from llminv.scenario import Scenario
from llminv.verdict import Finding


class Unjudgeable(Exception):
    """The promise cannot be judged: the checker crashed, or the handler does not keep to the contract."""


@dataclass(frozen=True)
class Judged:
    """One scenario with its history and what the checker says about it."""

    scenario: Scenario
    history: History
    findings: tuple[Finding, ...]

    def finding(self, code: str) -> Finding | None:
        """Return the first finding with this code."""
        return next((finding for finding in self.findings if finding.code == code), None)


@dataclass
class Judge:
    """Plays scenarios of one promise on one worker; different draws of the same scenario are played once."""

    kind: Kind
    promise: Promise
    worker: Worker
    labels: Counter[str] = field(default_factory=Counter)
    plays: int = 0
    _known: dict[str, Judged] = field(default_factory=dict)

    def judge(self, scenario: Scenario) -> Judged:
        """Return the judgement of `scenario`; raise Unjudgeable, ScenarioLimit or WorkerDied."""
        known = self._known.get(scenario.text)
        if known is None:
            known = judged(self.kind, self.promise, scenario, self.worker.play(scenario))
            self.plays += 1
            self.labels.update(exercised(self.kind, self.promise, known))
            self._known[scenario.text] = known
        return known

    def codes(self, scenario: Scenario) -> list[str]:
        """Return the finding codes that `scenario` shows."""
        return [finding.code for finding in self.judge(scenario).findings]


def judged(kind: Kind, promise: Promise, scenario: Scenario, history: History) -> Judged:
    """Let the checker of `kind` judge a history, old or new; raise Unjudgeable where it cannot."""
    broken = next(history.of(ContractBroken), None)
    if broken is not None:
        raise Unjudgeable(f"the handler returned {broken.observed}, which is no Reply and no text")
    try:
        return Judged(scenario, history, tuple(kind.check(promise, scenario, history)))
    except Exception as error:
        raise Unjudgeable(f"the checker crashed: {_last_line(error)}") from error


def exercised(kind: Kind, promise: Promise, judgement: Judged) -> frozenset[str]:
    """Return the labels that a judged history shows; raise Unjudgeable where the kind crashes on it."""
    try:
        return kind.exercised(promise, judgement.scenario, judgement.history)
    except Exception as error:
        raise Unjudgeable(f"the checker crashed: {_last_line(error)}") from error


def _last_line(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.name}, line {frame.lineno})"


def difference(one: History, other: History) -> str:
    """Return in a line where two histories part, or "" where they are equal."""
    if one == other:
        return ""
    for index, (left, right) in enumerate(zip(one.events, other.events, strict=False)):
        if left != right:
            if type(left) is not type(right):
                return f"event {index}: {left.tag} at {left.at_s} s, then {right.tag} at {right.at_s} s"
            names = [
                name for name in left.__dataclass_fields__ if getattr(left, name) != getattr(right, name)
            ]
            first = names[0]
            return f"event {index} ({left.tag}): {first} {getattr(left, first)!r}, then {getattr(right, first)!r}"
    return f"{len(one.events)} events, then {len(other.events)}"
