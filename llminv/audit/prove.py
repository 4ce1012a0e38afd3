"""Proving: is an invariant able to fail? Each saboteur plants one known bug in the handler, to be caught.

For each promise and each saboteur that aims at a finding code of its kind: scenarios are played with the
saboteur in the handler, in the order in which an audit plays them, until the code is found in one in which
the handler by itself holds. It prints nothing and writes nothing, and nothing is reduced: that a bug
is found is all that there is to know.

A kind without finding codes of its own (custom) is about whatever its author wants: it is proven where
one of the saboteurs is noticed at all, and toothless where none is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from llminv.audit.crew import Crew
from llminv.audit.engine import Options
from llminv.audit.judge import TROUBLE, Judge, judged
from llminv.audit.proof import Proof, Result
from llminv.audit.search import NothingToDraw, reproducible, search
from llminv.audit.worker import Worker
from llminv.declaration.promise import Promise
from llminv.kinds.interface import Kind
from llminv.saboteurs import SABOTEURS
from llminv.saboteurs.interface import Saboteur
from llminv.scenario import Scenario

# In place of a finding code, for a kind that has none of its own.
ANY = "any finding"
# Why a saboteur that was not caught says nothing against an invariant.
CLOUDED = "found only where the handler breaks the invariant by itself"


def prove(
    promises: Sequence[Promise],
    spec: str,
    kinds: Mapping[str, Kind],
    options: Options,
    emit: Callable[[Promise, tuple[Proof, ...]], None] = lambda *_: None,
) -> dict[str, tuple[Proof, ...]]:
    """Put the promises to the proof on the handler at `spec`; return the proofs by the ids of invariants.

    `emit` is told of those of each promise as soon as they are there. Raises HandlerError where the
    handler cannot be loaded.
    """
    setting = promises[0].setting()

    def proven(promise: Promise, worker: Worker, _: Callable[[object], None]) -> tuple[Proof, ...]:
        return tuple(_Proving(promise, kinds[promise.invariant.kind], worker, options).proofs())

    proofs: dict[str, tuple[Proof, ...]] = {}
    with reproducible(), Crew(lambda: options.worker(setting, spec), options.jobs) as crew:
        for promise, found in zip(promises, crew.share(promises, proven), strict=True):
            proofs[promise.invariant.id] = found
            emit(promise, found)
    return proofs


@dataclass
class _Hunt:
    """The codes that are `left` to be found, and what came of the scenarios `played` so far.

    `clouded` are those that were found where the handler by itself did not hold.
    """

    left: list[str]
    played: int = 0
    acted: bool = False
    trouble: str = ""
    clouded: set[str] = field(default_factory=set)


class _Proving:
    """One promise that is put to the proof."""

    def __init__(self, promise: Promise, kind: Kind, worker: Worker, options: Options) -> None:
        self._promise = promise
        self._kind = kind
        self._worker = worker
        self._options = options
        self._wanted = kind.operations_of(promise)
        self._operations = [name for name in self._wanted if name in worker.offers]
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
                    yield _proof(saboteur, code, Result.NOT_APPLICABLE, reason=moot[code])
            wanted = [code for code in codes if code not in moot]
            if wanted:
                yield from self._put_to_proof(saboteur, wanted)

    def _of_any_finding(self) -> Iterator[Proof]:
        """Put a kind without codes to the proof: it has to notice one saboteur of those that act.

        Those that it does not notice, where it notices others, are not what it is about.
        """
        found = [proof for saboteur in SABOTEURS.values() for proof in self._put_to_proof(saboteur, [ANY])]
        caught = [proof for proof in found if proof.result == Result.CAUGHT]
        yield from caught or (proof for proof in found if proof.result == Result.SURVIVED)

    def _put_to_proof(self, saboteur: Saboteur, codes: Sequence[str]) -> Iterator[Proof]:
        """Play what an audit would play, until the saboteur is caught by each of the codes."""
        if len(self._operations) < self._kind.operations_min:
            reason = f"the handler does not offer {' or '.join(self._wanted)}"
            yield from (_proof(saboteur, code, Result.NOT_APPLICABLE, reason=reason) for code in codes)
            return
        hunt = _Hunt(list(codes))
        for drawn in (False, True):
            if drawn and not hunt.acted:  # there was no occasion for it, and will be none
                break
            for scenario in self._drawn if drawn else self._fixed:
                for code in self._caught(hunt, saboteur, scenario):
                    yield _proof(saboteur, code, Result.CAUGHT, hunt.played)
                if not hunt.left:
                    return
        for code in hunt.left:
            if code in hunt.clouded:
                yield _proof(saboteur, code, Result.NOT_APPLICABLE, reason=CLOUDED)
            elif hunt.acted or hunt.trouble:
                reason = hunt.trouble or "it acted, and was not found"
                yield _proof(saboteur, code, Result.SURVIVED, hunt.played, reason)
            else:
                yield _proof(saboteur, code, Result.NOT_APPLICABLE, reason=saboteur.idle)

    def _caught(self, hunt: _Hunt, saboteur: Saboteur, scenario: Scenario) -> list[str]:
        """Play one scenario; return by which of the codes that are left the saboteur was caught in it."""
        hunt.played += 1
        try:
            history, acted = self._worker.play_sabotaged(scenario, saboteur.name)
            findings = judged(self._kind, self._promise, scenario, history).findings
            hunt.acted = hunt.acted or acted
            shown = {ANY, *(finding.code for finding in findings)} if acted and findings else set()
            found = [code for code in hunt.left if code in shown]
            if not found or self._holds(scenario):
                hunt.left = [code for code in hunt.left if code not in found]
                return found
            hunt.clouded.update(found)
        except TROUBLE as error:
            hunt.trouble = str(error)
        return []

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


def _proof(saboteur: Saboteur, code: str, result: Result, scenarios: int = 0, reason: str = "") -> Proof:
    return Proof(code, saboteur.name, result.value, scenarios, reason, saboteur.forges)


def _finds_nothing(scenario: Scenario) -> Collection[str]:
    """Judge nothing: what is drawn is played later."""
    del scenario
    return ()
