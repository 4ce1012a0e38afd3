"""Playing a seeded handler, in a process of its own: what its cells and draws show first, and its minimum."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

from forked import ForkedWorker

from llminv.audit.reduce import Space, reduce
from llminv.audit.search import reproducible, search
from llminv.audit.worker import SCENARIO_LIMIT_S
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.scenario import Act
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
DRAWN_MAX = 100


@cache
def shipped():
    """The shipped promises by the ids of their invariants."""
    models = {name: kind.model for name, kind in KINDS.items()}
    promises = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    return {promise.invariant.id: promise for promise in promises}


class Played:
    """The handler at `spec` under an invariant; a scenario is played once. Use as a context manager.

    `operations` are those that are played, of those which it offers; `policy` are other fields of the policy.
    """

    def __init__(self, spec, invariant, operations=None, policy=None):
        self.promise = shipped()[invariant]
        if policy:
            changed = self.promise.policy.model_copy(update=dict(policy))
            self.promise = self.promise.model_copy(update={"policy": changed})
        self.kind = KINDS[self.promise.invariant.kind]
        self._played = self.kind.operations if operations is None else operations
        self._worker = ForkedWorker(self.promise.setting(), str(ROOT / spec), SCENARIO_LIMIT_S)
        self._known = {}

    def __enter__(self):
        self._worker.__enter__()
        self.operations = [name for name in self._played if name in self._worker.offers]
        return self

    def __exit__(self, *exit_):
        self._worker.__exit__(*exit_)

    def codes(self, scenario):
        if scenario.text not in self._known:
            found = self.kind.check(self.promise, scenario, self._worker.play(scenario))
            self._known[scenario.text] = {finding.code for finding in found}
        return self._known[scenario.text]

    def first(self, code, scenarios):
        """The first scenario that shows `code`, None where none does."""
        return next((scenario for scenario in scenarios if code in self.codes(scenario)), None)

    def cells(self):
        yield from self.kind.examples(self.promise, self.operations)
        yield from self.kind.cells(self.promise, self.operations)

    def drawn(self, number, draws=DRAWN_MAX):
        """What is drawn for a seed, of `draws` at most."""
        strategy = self.kind.strategy(self.promise, self.operations)
        with reproducible():
            return search(strategy, lambda _: (), seed_=number, max_examples=draws, known=()).drawn

    def minima(self, code, seeds, draws=DRAWN_MAX):
        """The minima of what shows the code first, among the cells and for each seed; None where nothing does.

        The cells stand in for a seed that does not meet it, and a seed for cells that do not.
        """
        cell = self.first(code, self.cells())
        most = DRAWN_MAX if cell is None else draws
        firsts = [self.first(code, self.drawn(number, most)) or cell for number in seeds]
        return [first and self.minimum(code, first).text for first in (cell or firsts[0], *firsts)]

    def minimum(self, code, scenario):
        space = Space(self.promise.policy.chain, self.kind.faults(self.promise), self.operations)
        return reduce(scenario, lambda smaller: code in self.codes(smaller), space)


def less(scenario):
    """The scenario without each of its scripts, acts and options."""
    for index, row in enumerate(scenario.acts):
        others = (scenario.acts[:index], scenario.acts[index + 1 :])
        yield replace(scenario, acts=(*others[0], *others[1]))
        for plainer in (*fewer(row), *plainer_ends(row)):
            yield replace(scenario, acts=(*others[0], plainer, *others[1]))


def fewer(row):
    for at in range(len(row.attempts)):
        yield replace(row, attempts=row.attempts[:at] + row.attempts[at + 1 :])


def plainer_ends(row):
    for field in fields(Act):
        plain = getattr(Act(), field.name)
        if getattr(row.then, field.name) != plain:
            yield replace(row, then=replace(row.then, **{field.name: plain}))
