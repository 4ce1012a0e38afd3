"""Replay: a recorded bug is played again, and judged by the kind as it is today.

What is played is what was recorded: the scenario, and the promise with its providers and policy, not
what the YAML says by now. FAILS means that the recorded finding code shows again, PASSES that it does
not, UNKNOWN that nothing can be said: a handler that exercises nothing has not passed. Nothing here prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.audit.judge import Judged, Unjudgeable, exercised, judged
from llminv.audit.worker import SCENARIO_LIMIT_S, ScenarioLimit, Worker, WorkerDied, with_place
from llminv.declaration.promise import Promise
from llminv.errors import LedgerError
from llminv.handler.adapters import adapter_of
from llminv.runner import Runner

if TYPE_CHECKING:
    from llminv.evidence.bug import Bug
    from llminv.history import History
    from llminv.kinds.interface import Kind
    from llminv.scenario import Scenario
    from llminv.verdict import Finding


class Outcome(StrEnum):
    """What a replay says."""

    FAILS = "FAILS"
    PASSES = "PASSES"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Replay:
    """What came of playing `bug` on the handler with this spec.

    An UNKNOWN has its `reason`, and a history only where the scenario was played to its end. `findings`
    is all that the checker says; the recorded code is among them exactly when the replay FAILS.
    """

    bug: Bug
    handler: str
    outcome: Outcome
    reason: str = ""
    history: History | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def finding(self) -> Finding | None:
        """The recorded finding, as it shows today."""
        return next((finding for finding in self.findings if finding.code == self.bug.code), None)


# Plays one scenario, given the operations that the handler offers.
_Play = Callable[["Scenario"], "History"]


def replay(
    bug: Bug,
    kinds: Mapping[str, Kind],
    *,
    handler: str | None = None,
    limit_s: float = SCENARIO_LIMIT_S,
    folder: Path | None = None,
    python: Path | None = None,
    path: Sequence[Path] = (),
) -> Replay:
    """Play `bug` in a fresh process, on the recorded handler or the one with the spec `handler`.

    `folder` is what the spec is relative to; `python` and `path` are as a worker takes them. Raises
    HandlerError where the handler cannot be loaded, and LedgerError where this llminv cannot read the
    recorded promise.
    """
    spec = handler or bug.handler
    promise = promise_of(bug, kinds)
    limit_s = limit_of(spec, limit_s)
    with Worker(
        promise.setting(), spec, limit_s, folder, transport=bug.transport, python=python, path=path
    ) as worker:
        return _judged(bug, kinds, promise, spec, worker.offers, worker.play)


def limit_of(spec: str, limit_s: float) -> float:
    """Return how long a scenario may take: as long as a ready adapter needs, unless somebody chose."""
    adapter = adapter_of(spec)
    own_s = adapter.scenario_limit_s if adapter is not None else None
    return limit_s if own_s is None or limit_s != SCENARIO_LIMIT_S else own_s


def replay_here(
    bug: Bug, kinds: Mapping[str, Kind], *, handler: str | None = None
) -> tuple[Replay, BaseException | None]:
    """Play `bug` in this very process, for a debugger; also return what the handler raised, if it did.

    There is no real-time limit, and a handler that ends its process ends this one. Raises as `replay`.
    """
    spec = handler or bug.handler
    promise = promise_of(bug, kinds)
    raised: list[BaseException] = []
    sys.path.insert(0, str(Path.cwd()))
    try:
        with Runner(promise.setting(), spec, on_error=raised.append, transport=bug.transport) as runner:
            result = _judged(bug, kinds, promise, spec, runner.offers, runner.play)
    finally:
        sys.path.remove(str(Path.cwd()))
    return result, raised[0] if raised else None


def promise_of(bug: Bug, kinds: Mapping[str, Kind]) -> Promise:
    """Return the promise that `bug` recorded; raise LedgerError where this llminv cannot read it."""
    try:
        return Promise.from_json(bug.promise, {name: kind.model for name, kind in kinds.items()})
    except ValueError as error:
        raise LedgerError(
            f"{bug.id}: the recorded promise cannot be read: {_first_line(error)}",
            hint="use the llminv that wrote it "
            f"({bug.llminv_version}), or delete the file: the next run that finds the bug files it again",
        ) from error


def _judged(
    bug: Bug,
    kinds: Mapping[str, Kind],
    promise: Promise,
    spec: str,
    offers: tuple[str, ...],
    play: _Play,
) -> Replay:
    kind = kinds[bug.kind]
    absent = sorted({call.operation for call in bug.scenario.calls} - set(offers))
    if absent:
        reason = f"the handler does not offer {' and '.join(absent)}"
        return Replay(bug, spec, Outcome.UNKNOWN, reason)
    try:
        history = play(bug.scenario)
    except (ScenarioLimit, WorkerDied) as error:
        return Replay(bug, spec, Outcome.UNKNOWN, with_place(str(error), error.where))
    try:
        now = judged(kind, promise, bug.scenario, history)
        is_idle = not exercised(kind, promise, now) and exercised(
            kind, promise, Judged(bug.scenario, bug.history, ())
        )
    except Unjudgeable as error:
        return Replay(bug, spec, Outcome.UNKNOWN, str(error), history)
    if now.finding(bug.code):
        return Replay(bug, spec, Outcome.FAILS, "", history, now.findings)
    if is_idle:
        reason = "the handler did nothing of what the bug is about, so that nothing could show"
        return Replay(bug, spec, Outcome.UNKNOWN, reason, history, now.findings)
    return Replay(bug, spec, Outcome.PASSES, "", history, now.findings)


def _first_line(error: ValueError) -> str:
    """Return the message on one line; pydantic's goes over many."""
    return " ".join(str(error).split())
