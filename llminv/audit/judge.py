"""Playing and judging the scenarios of one promise; what a verdict needs is counted on the way."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field

from llminv.audit.worker import ScenarioLimit, Worker, WorkerDied
from llminv.declaration.promise import Promise
from llminv.history import ContractBroken, History, HostRefused, RealRefused
from llminv.kinds.interface import Kind
from llminv.scenario import Scenario
from llminv.simulation.guard import ADVICE
from llminv.verdict import Finding


class Unjudgeable(Exception):
    """The promise cannot be judged: the checker crashed, or the handler does not keep to the contract."""


# Of values that differ, so many characters are shown, from so many before the difference.
SHOWN_MAX = 80
SHOWN_BEFORE = 30
# What keeps a scenario from being judged.
TROUBLE = (Unjudgeable, ScenarioLimit, WorkerDied)


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
    refused: set[str] = field(default_factory=set)
    first: tuple[Scenario, History] | None = None
    _known: dict[str, Judged | Exception] = field(default_factory=dict)

    def judge(self, scenario: Scenario) -> Judged:
        """Return the judgement of `scenario`; raise Unjudgeable, ScenarioLimit or WorkerDied."""
        known = self._known.get(scenario.text)
        if known is None:
            known = self._play(scenario)
            self._known[scenario.text] = known
        if isinstance(known, Exception):
            raise known
        return known

    def _play(self, scenario: Scenario) -> Judged | Exception:
        self.plays += 1
        try:
            history = self.worker.play(scenario)
            self.first = self.first or (scenario, history)
            self.refused |= {f"{event.host}:{event.port}" for event in history.of(HostRefused)}
            known = judged(self.kind, self.promise, scenario, history)
            self.labels.update(exercised(self.kind, self.promise, known))
        except TROUBLE as error:  # once is enough: each may have cost a real-time limit
            return error
        return known

    def codes(self, scenario: Scenario) -> list[str]:
        """Return the finding codes that `scenario` shows."""
        return [finding.code for finding in self.judge(scenario).findings]


def judged(kind: Kind, promise: Promise, scenario: Scenario, history: History) -> Judged:
    """Let the checker of `kind` judge a history, old or new; raise Unjudgeable where it cannot."""
    broken = next(history.of(ContractBroken), None)
    if broken is not None:
        raise Unjudgeable(f"the handler returned {broken.observed}, which is no Reply and no text")
    refused = next(history.of(RealRefused), None)
    if refused is not None:
        raise Unjudgeable(
            f"{refused.library} attempted {refused.what}, which the simulation refuses; {ADVICE}"
        )
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
    if one == other or one.to_json() == other.to_json():  # a cost that is NaN equals itself in writing alone
        return ""
    for index, (left, right) in enumerate(zip(one.events, other.events, strict=False)):
        if left != right:
            if type(left) is not type(right):
                return f"event {index}: {left.tag} at {left.at_s} s, then {right.tag} at {right.at_s} s"
            names = [
                name for name in left.__dataclass_fields__ if getattr(left, name) != getattr(right, name)
            ]
            first = names[0]
            parted = _parted(repr(getattr(left, first)), repr(getattr(right, first)))
            return f"event {index} ({left.tag}): {first} {parted}"
    if len(one.events) != len(other.events):
        return f"{len(one.events)} events, then {len(other.events)}"
    return f"it ended at {one.ended_at_s} s, then at {other.ended_at_s} s"


def _parted(left: str, right: str) -> str:
    """Return both texts from shortly before where they part, not much of each: bodies are long."""
    same = next(
        (index for index, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    start = max(0, same - SHOWN_BEFORE) if max(len(left), len(right)) > SHOWN_MAX else 0
    return ", then ".join(
        ("…" if start else "")
        + text[start : start + SHOWN_MAX]
        + ("…" if len(text) > start + SHOWN_MAX else "")
        for text in (left, right)
    )
