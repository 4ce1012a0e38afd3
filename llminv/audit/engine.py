"""The engine: promises x Hypothesis -> events, and an audit at the end. It prints nothing and writes nothing.

For each promise: the declared examples and the kind's cells are played in order, then Hypothesis draws.
Whatever shows a finding is reduced and replayed in a fresh process; only what fails again there is a
violation. A promise ends as soon as it cannot be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.audit.crew import Crew
from llminv.audit.events import (
    Audit,
    AuditEvent,
    AuditFinished,
    AuditStarted,
    Counterexample,
    HandlerInfo,
    InvariantFinished,
    InvariantResult,
    InvariantStarted,
    ScenarioPlayed,
)
from llminv.audit.judge import TROUBLE, Judge, Unjudgeable, difference, judged
from llminv.audit.reduce import Space, reduce
from llminv.audit.search import Flaky, NothingToDraw, Round, reproducible, search
from llminv.audit.worker import SCENARIO_LIMIT_S, ScenarioLimit, Worker, WorkerDied, with_place
from llminv.declaration.promise import Promise
from llminv.errors import HandlerError
from llminv.kinds.interface import Kind
from llminv.scenario import Scenario
from llminv.simulation.loopback.outline import outline_difference
from llminv.simulation.sites import Setting
from llminv.simulation.transport import IN_PROCESS
from llminv.verdict import Status, Verdict

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


# Makes a worker: `Worker` itself, or what takes the same arguments.
OpenWorker = Callable[[Setting, str, float, Path | None, str, str, Path | None], Worker]

STATE_ADVICE = (
    "where clients or caches at module or class level outlive a scenario, "
    'try isolation = "fork" in [tool.llminv]'
)


@dataclass(frozen=True)
class Options:
    """How to audit; `max_examples` replaces what is declared, `drawn_only` leaves out examples and cells.

    `isolation`, `transport` and `python` are those of the workers, of which there are at most `jobs`.
    """

    seed: int
    max_examples: int | None = None
    scenario_limit_s: float = SCENARIO_LIMIT_S
    drawn_only: bool = False
    folder: Path | None = None
    isolation: str = "none"
    transport: str = IN_PROCESS
    python: Path | None = None
    jobs: int = 1

    def worker(self, setting: Setting, spec: str, open_worker: OpenWorker = Worker) -> Worker:
        """Return a worker for the handler at `spec`, to be opened."""
        return open_worker(
            setting, spec, self.scenario_limit_s, self.folder, self.isolation, self.transport, self.python
        )


def run(
    promises: Sequence[Promise],
    spec: str,
    kinds: Mapping[str, Kind],
    options: Options,
    emit: Callable[[AuditEvent], None] = lambda _: None,
    open_worker: OpenWorker = Worker,
) -> Audit:
    """Audit the handler at `spec` and return the audit; `emit` is told what happens meanwhile.

    All promises share their providers and policy, and so the workers; `open_worker` makes them, and one for
    each replay. Raises HandlerError where the handler cannot be loaded.
    """
    setting = promises[0].setting()
    with reproducible(), Crew(lambda: options.worker(setting, spec, open_worker), options.jobs) as crew:
        handler = HandlerInfo(spec, crew.first.offers, crew.first.unseen, crew.first.packages)
        emit(AuditStarted(handler, options.seed, len(promises)))

        def tried(promise: Promise, worker: Worker, tell: Callable[[AuditEvent], None]) -> InvariantResult:
            trial = _Trial(promise, kinds[promise.invariant.kind], worker, crew.worker, options, tell)
            result = trial.run()
            tell(InvariantFinished(result))
            return result

        results = tuple(crew.share(promises, tried, emit))
    audit = Audit(handler, options.seed, results)
    emit(AuditFinished(audit))
    return audit


class _Trial:
    """One promise on its way to a verdict."""

    def __init__(
        self,
        promise: Promise,
        kind: Kind,
        worker: Worker,
        fresh: Callable[[], AbstractContextManager[Worker]],
        options: Options,
        emit: Callable[[AuditEvent], None],
    ) -> None:
        self._emit = emit
        self._promise = promise
        self._kind = kind
        self._worker = worker
        self._fresh = fresh
        self._options = options
        self._operations = kind.playable(promise, worker.offers)
        self._judge = Judge(kind, promise, worker)
        self._space = Space(promise.policy.chain, kind.faults(promise), self._operations)
        self._found: dict[str, Counterexample] = {}
        self._fixed: list[Scenario] = []
        self._drawn: dict[str, Scenario] = {}
        self._drawn_all = False

    def run(self) -> InvariantResult:
        """Play the promise and return what came of it."""
        if not self._operations:
            return self._result(Verdict(Status.NOT_OFFERED, self._lacking()))
        examples: list[Scenario] = []
        cells: list[Scenario] = []
        if not self._options.drawn_only:
            examples = list(self._kind.examples(self._promise, self._operations))
            cells = list(self._kind.cells(self._promise, self._operations))
        self._fixed = [*examples, *cells]
        max_examples = self._options.max_examples or self._promise.invariant.max_examples
        self._emit(InvariantStarted(self._promise, len(self._fixed) + max_examples))
        try:
            self._play("example", examples)
            self._play("cell", cells)
            self._draw(max_examples)
            parted = self._nondeterminism()
            verdict = self._verdict(parted, differs=bool(parted))
        except Flaky as error:
            verdict = self._verdict(str(error), differs=True)
        except (Unjudgeable, NothingToDraw) as error:
            verdict = self._verdict(str(error))
        except (ScenarioLimit, WorkerDied) as error:
            verdict = self._verdict(with_place(str(error), error.where))
        return self._result(verdict)

    def _play(self, phase: str, scenarios: Iterable[Scenario]) -> None:
        for scenario in scenarios:
            for code in self._judge.codes(scenario):
                if code not in self._found:
                    self._keep(code, scenario, phase)
            self._emit(ScenarioPlayed(self._promise, phase))

    def _draw(self, max_examples: int) -> None:
        strategy = self._kind.strategy(self._promise, self._operations)
        while True:
            round_ = self._search(strategy, max_examples)
            if round_.found is None:
                self._drawn_all = round_.drawn_all
                return
            self._keep(round_.found.code, round_.found.scenario, "drawn")

    def _search(self, strategy: SearchStrategy[Scenario], max_examples: int) -> Round:
        """Search for a finding that is not known yet."""
        shrinking = False

        def codes(scenario: Scenario) -> list[str]:
            nonlocal shrinking
            if not shrinking:
                self._drawn[scenario.text] = scenario
            found = self._codes(scenario, "shrink" if shrinking else "drawn")
            shrinking = shrinking or not self._found.keys() >= set(found)
            return found

        return search(
            strategy, codes, seed_=self._options.seed, max_examples=max_examples, known=self._found.keys()
        )

    def _codes(self, scenario: Scenario, phase: str) -> list[str]:
        """Return the finding codes of `scenario`; tell of it where it had to be played."""
        plays = self._judge.plays
        codes = self._judge.codes(scenario)
        if self._judge.plays > plays:
            self._emit(ScenarioPlayed(self._promise, phase))
        return codes

    def _keep(self, code: str, scenario: Scenario, origin: str) -> None:
        """Reduce a finding and replay it where nothing of this run can have an influence.

        Whatever happens meanwhile, the finding is kept; a real-time limit or a dead worker ends the
        promise afterwards.
        """
        plays = self._judge.plays
        trouble: list[Exception] = []

        def shows(candidate: Scenario) -> bool:
            if any(isinstance(error, ScenarioLimit | WorkerDied) for error in trouble):
                return False
            try:
                return code in self._codes(candidate, "shrink")
            except TROUBLE as error:
                trouble.append(error)
                return False

        minimal = reduce(scenario, shows, self._space)
        judgement = self._judge.judge(minimal)
        finding = judgement.finding(code)
        if finding is None:  # reduce() and the judge's memory agree on what it shows
            raise AssertionError(code)
        replayed = False
        try:
            with self._fresh() as worker:
                again = judged(self._kind, self._promise, minimal, worker.play(minimal))
            replayed = again.finding(code) is not None
        except (*TROUBLE, HandlerError) as error:
            trouble.append(error)
        self._found[code] = Counterexample(finding, minimal, judgement.history, origin, plays, replayed)
        for reason in trouble:
            if not isinstance(reason, Unjudgeable | HandlerError):
                raise reason

    def _nondeterminism(self) -> str:
        """Play a sample again: "" if all histories are equal, else the reason with the difference.

        In real time no two histories are; then their outlines have to be.
        """
        compare = difference if self._options.transport == IN_PROCESS else outline_difference
        for scenario in (*_sample(self._fixed), *_sample(list(self._drawn.values()))):
            parted = compare(self._judge.judge(scenario).history, self._worker.play(scenario))
            if parted:
                return f"not deterministic: {parted}"
        return ""

    def _verdict(self, unknown: str, *, differs: bool = False) -> Verdict:
        """Return the verdict, given a reason (or "") for which the promise could not be judged to the end.

        `differs` says that this reason is what was different when it was played again.
        """
        is_confirmed = any(found.replayed for found in self._found.values())
        lost = "" if is_confirmed else ", ".join(self._found)
        if lost:
            lost = f"not deterministic: {lost} did not show again in a fresh process"
        advice = self._state_advice() if lost or differs else ""
        reasons = list(filter(None, (lost, unknown, advice)))
        if is_confirmed:
            return Verdict(Status.VIOLATED, "; ".join(reasons))
        missing = self._missing()
        reasons = reasons or list(self._kind.reservations(self._promise))
        if not reasons and missing:
            reasons = ["never exercised: " + "; ".join(missing)]
        return Verdict(Status.UNKNOWN, "; ".join(reasons)) if reasons else Verdict(Status.HELD)

    def _state_advice(self) -> str:
        """Say what helps where one scenario leaves something to the next; in a gateway it does not."""
        can_fork = self._options.isolation == "none" and self._options.transport == IN_PROCESS
        return STATE_ADVICE if can_fork else ""

    def _lacking(self) -> str:
        """Say what the handler would have to offer."""
        wanted = self._kind.operations_of(self._promise)
        if self._kind.operations_min == 1:
            return f"the handler does not offer {' or '.join(wanted)}"
        return f"the handler does not offer {self._kind.operations_min} of {', '.join(wanted)}"

    def _missing(self) -> tuple[str, ...]:
        return tuple(sorted(self._kind.required(self._promise) - self._judge.labels.keys()))

    def _result(self, verdict: Verdict) -> InvariantResult:
        offered = verdict.status is not Status.NOT_OFFERED
        return InvariantResult(
            promise=self._promise,
            verdict=verdict,
            counterexamples=tuple(self._found.values()),
            labels=dict(sorted(self._judge.labels.items())),
            missing=self._missing() if offered else (),
            plays=self._judge.plays,
            cells=len(self._fixed),
            drawn=len(self._drawn),
            drawn_all=self._drawn_all,
            refused=tuple(sorted(self._judge.refused)),
            first=self._judge.first,
        )


def _sample(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Return the first, the middle and the last one."""
    last = len(scenarios) - 1
    return [scenarios[index] for index in sorted({0, last // 2, last}) if scenarios]
