"""Proving: is an invariant able to fail? Each saboteur plants one known bug in the handler, to be caught.

For each promise and each saboteur that aims at a finding code of its kind: scenarios are played with the
saboteur in the handler, in the order in which an audit plays them, until the code is found in one in which
the handler by itself holds. It prints nothing and writes nothing, and nothing is reduced: that a bug
is found is all that there is to know.

A kind without finding codes of its own (custom) is about whatever its author wants: it is proven where
one of the saboteurs is noticed at all, and toothless where none is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from llminv.audit.engine import OpenWorker, Options
from llminv.audit.judge import TROUBLE, Judge, judged
from llminv.audit.search import NothingToDraw, reproducible, search
from llminv.audit.worker import Worker
from llminv.declaration.promise import Promise
from llminv.kinds.interface import Kind
from llminv.saboteurs import SABOTEURS
from llminv.saboteurs.interface import Saboteur
from llminv.scenario import Scenario

# In place of a finding code, for a kind that has none of its own.
ANY = "any finding"


class Result(StrEnum):
    """What became of a saboteur."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Proof:
    """What became of one saboteur that aimed at one finding code of one invariant.

    `scenarios` is how many were played until it was caught, or in all; `reason` says why it survived or
    does not apply. One that `forges` proves the checker alone.
    """

    invariant: str
    code: str
    saboteur: str
    result: Result
    scenarios: int = 0
    reason: str = ""
    forges: bool = False


def prove(
    promises: Sequence[Promise],
    spec: str,
    kinds: Mapping[str, Kind],
    options: Options,
    emit: Callable[[Proof], None] = lambda _: None,
    open_worker: OpenWorker = Worker,
) -> tuple[Proof, ...]:
    """Put the promises to the proof on the handler at `spec`; `emit` is told of each proof as it is there.

    Raises HandlerError where the handler cannot be loaded.
    """
    setting = promises[0].setting()
    opened = open_worker(
        setting, spec, options.scenario_limit_s, options.folder, options.isolation, options.transport
    )
    proofs: list[Proof] = []
    with reproducible(), opened as worker:
        for promise in promises:
            for proof in _Proving(promise, kinds[promise.invariant.kind], worker, options).proofs():
                proofs.append(proof)
                emit(proof)
    return tuple(proofs)


class _Proving:
    """One promise that is put to the proof."""

    def __init__(self, promise: Promise, kind: Kind, worker: Worker, options: Options) -> None:
        self._promise = promise
        self._kind = kind
        self._worker = worker
        self._options = options
        self._operations = [name for name in kind.operations if name in worker.offers]
        self._by_itself = Judge(kind, promise, worker)

    def proofs(self) -> Iterator[Proof]:
        """Yield what became of each saboteur."""
        if not self._kind.codes:
            yield from self._of_any_finding()
            return
        moot = self._kind.moot(self._promise)
        for saboteur in SABOTEURS.values():
            codes = saboteur.aims_at(self._kind.name, self._kind.codes)
            for code in codes:
                if code in moot:
                    yield self._proof(saboteur, code, Result.NOT_APPLICABLE, reason=moot[code])
            wanted = [code for code in codes if code not in moot]
            if wanted:
                yield from self._put_to_proof(saboteur, wanted)

    def _of_any_finding(self) -> Iterator[Proof]:
        """Put a kind without codes to the proof: it has to notice one saboteur at least."""
        found = [proof for saboteur in SABOTEURS.values() for proof in self._put_to_proof(saboteur, [ANY])]
        caught = any(proof.result is Result.CAUGHT for proof in found)
        for proof in found:
            if caught and proof.result is Result.SURVIVED:
                reason = "not what this invariant is about: it notices others"
                yield self._proof(SABOTEURS[proof.saboteur], ANY, Result.NOT_APPLICABLE, reason=reason)
            else:
                yield proof

    def _put_to_proof(self, saboteur: Saboteur, codes: Sequence[str]) -> Iterator[Proof]:
        """Play what an audit would play, until the saboteur is caught by each of the codes."""
        if len(self._operations) < self._kind.operations_min:
            reason = f"the handler does not offer {' or '.join(self._kind.operations)}"
            yield from (self._proof(saboteur, code, Result.NOT_APPLICABLE, reason=reason) for code in codes)
            return
        left, played, acted, trouble = list(codes), 0, False, ""
        for drawn in (False, True):
            if drawn and not acted:  # there was no occasion for it, and will be none
                break
            for scenario in self._drawn if drawn else self._fixed:
                played += 1
                try:
                    did, caught = self._play(saboteur, scenario, left)
                except TROUBLE as error:
                    trouble = str(error)
                    continue
                acted = acted or did
                yield from (self._proof(saboteur, code, Result.CAUGHT, played) for code in caught)
                left = [code for code in left if code not in caught]
                if not left:
                    return
        for code in left:
            if acted or trouble:
                reason = trouble or "it acted, and the finding never came"
                yield self._proof(saboteur, code, Result.SURVIVED, played, reason)
            else:
                yield self._proof(saboteur, code, Result.NOT_APPLICABLE, reason=saboteur.idle)

    def _play(self, saboteur: Saboteur, scenario: Scenario, codes: Collection[str]) -> tuple[bool, list[str]]:
        """Return whether the saboteur acted, and by which of `codes` it was caught."""
        history, acted = self._worker.play_sabotaged(scenario, saboteur.name)
        findings = judged(self._kind, self._promise, scenario, history).findings
        shown = {ANY, *(finding.code for finding in findings)} if acted and findings else set()
        caught = [code for code in codes if code in shown]
        return acted, caught if caught and self._holds(scenario) else []

    def _holds(self, scenario: Scenario) -> bool:
        """Return whether the handler by itself holds in this scenario."""
        return not self._by_itself.codes(scenario)

    @cached_property
    def _fixed(self) -> tuple[Scenario, ...]:
        return (
            *self._kind.examples(self._promise, self._operations),
            *self._kind.cells(self._promise, self._operations),
        )

    @cached_property
    def _drawn(self) -> tuple[Scenario, ...]:
        strategy = self._kind.strategy(self._promise, self._operations)
        count = self._options.max_examples or self._promise.invariant.max_examples
        try:
            return search(
                strategy, _finds_nothing, seed_=self._options.seed, max_examples=count, known=()
            ).drawn
        except NothingToDraw:
            return ()

    def _proof(
        self, saboteur: Saboteur, code: str, result: Result, scenarios: int = 0, reason: str = ""
    ) -> Proof:
        name = self._promise.invariant.id
        return Proof(name, code, saboteur.name, result, scenarios, reason, saboteur.forges)


def _finds_nothing(scenario: Scenario) -> Collection[str]:
    """Judge nothing: what is drawn is played later."""
    del scenario
    return ()


def survivors(proofs: Iterable[Proof]) -> list[Proof]:
    """Return the proofs that failed: an invariant could not tell the handler from a broken one."""
    return [proof for proof in proofs if proof.result is Result.SURVIVED]
