"""What the engine says while it runs, and what it hands over at the end. Values only; nobody prints here.

The engine emits these events in order to a listener, which shows them; several invariants may be played at a
time. The last event, `AuditFinished`, holds the whole `Audit`, which is all that a report gets to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llminv.declaration.promise import Promise
from llminv.history import History
from llminv.scenario import Scenario
from llminv.verdict import Finding, Status, Verdict


@dataclass(frozen=True)
class Counterexample:
    """A finding with the minimal scenario that shows it, and the history of that scenario.

    `origin` says what showed it first: "example", "cell" or "drawn". `replayed` says whether a fresh
    process showed the same finding again: only then is it a bug. `traceback` is the handler's own.
    """

    finding: Finding
    scenario: Scenario
    history: History
    origin: str
    plays: int
    replayed: bool


@dataclass(frozen=True)
class InvariantResult:
    """What a run says about one promise.

    `labels` counts how often each label was exercised, `missing` are the required ones never seen.
    `plays` counts the scenarios played, also while shrinking, each once; `cells` the declared examples
    and cells, `drawn` the distinct scenarios that Hypothesis drew; `drawn_all` says that there were no more.
    `first` is the first scenario with its history, for those who want to know why nothing was exercised.
    `refused` are the hosts, with their ports, that are no provider's and that the handler tried to reach.
    """

    promise: Promise
    verdict: Verdict
    counterexamples: tuple[Counterexample, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    plays: int = 0
    cells: int = 0
    drawn: int = 0
    drawn_all: bool = False
    refused: tuple[str, ...] = ()
    first: tuple[Scenario, History] | None = None


@dataclass(frozen=True)
class HandlerInfo:
    """The handler under audit: its spec as the user wrote it, and the operations that it offers.

    `unseen` names the libraries it has imported whose traffic the simulation cannot see. `packages` are the
    versions of the libraries that a ready adapter is for.
    """

    spec: str
    offers: tuple[str, ...]
    unseen: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Audit:
    """A finished run; `seed` and the declarations reproduce it."""

    handler: HandlerInfo
    seed: int
    results: tuple[InvariantResult, ...]

    def of(self, status: Status) -> tuple[InvariantResult, ...]:
        """Return the results with this verdict, in the order of the declarations."""
        return tuple(result for result in self.results if result.verdict.status is status)


@dataclass(frozen=True)
class AuditStarted:
    """The handler is loaded and the invariants are known."""

    handler: HandlerInfo
    seed: int
    invariants: int


@dataclass(frozen=True)
class InvariantStarted:
    """An invariant begins; `planned` is the number of scenarios expected (examples, cells and drawn)."""

    promise: Promise
    planned: int


@dataclass(frozen=True)
class ScenarioPlayed:
    """One more scenario of a promise was played; `phase` is example, cell, drawn or shrink."""

    promise: Promise
    phase: str


@dataclass(frozen=True)
class InvariantFinished:
    """An invariant has its result."""

    result: InvariantResult


@dataclass(frozen=True)
class AuditFinished:
    """The run is over."""

    audit: Audit


AuditEvent = AuditStarted | InvariantStarted | ScenarioPlayed | InvariantFinished | AuditFinished
