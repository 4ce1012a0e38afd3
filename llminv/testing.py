"""What a test suite uses of llminv: the current project's handler, opened once, and its invariants by id.

`llminv export pytest DIR` writes test modules that use nothing else of llminv; they can be written by hand
as well. Paths are relative to the current folder, as for the commands.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from llminv.audit.judge import Judge
from llminv.cli.project import Project
from llminv.cli.run import selected
from llminv.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from llminv.scenario import Scenario


class Audited:
    """A handler under audit. Use as a context manager: its worker process lives that long.

    `handler` is a spec and `invariants` a folder; without them they are those of `[tool.llminv]`. Raises
    LlminvError for whatever is wrong with the declarations or the handler.
    """

    def __init__(self, handler: str | None = None, invariants: str | None = None) -> None:
        self._project = Project.here(invariants)
        self._spec = handler or self._project.config.handler
        self._judges: dict[str, Judge] = {}

    def __enter__(self) -> Self:
        setting = self._project.declarations.promises[0].setting()
        self._worker = self._project.options().worker(setting, self._spec)
        self._worker.__enter__()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._worker.__exit__(*exit_)

    def offers(self, invariant: str) -> bool:
        """Return whether the handler has the operations that the invariant is about."""
        return bool(self._operations(self._judge(invariant)))

    def fixed(self, invariant: str) -> Sequence[Scenario]:
        """Return the scenarios that are always played: the declared examples, and the kind's cells."""
        judge = self._judge(invariant)
        operations = self._operations(judge)
        return [
            *judge.kind.examples(judge.promise, operations),
            *judge.kind.cells(judge.promise, operations),
        ]

    def drawn(self, invariant: str) -> SearchStrategy[Scenario]:
        """Return the strategy of all others. It asks for the handler when something is drawn, not before."""
        from hypothesis import strategies as st

        def strategy() -> SearchStrategy[Scenario]:
            judge = self._judge(invariant)
            return judge.kind.strategy(judge.promise, self._operations(judge))

        return st.deferred(strategy)

    def broken(self, invariant: str, scenario: Scenario) -> list[str]:
        """Play a scenario and return what it shows to be broken; raises what keeps it from being judged."""
        return [
            f"{finding.code}: expected {finding.expected}; observed {finding.observed}"
            for finding in self._judge(invariant).judge(scenario).findings
        ]

    def never_exercised(self, invariant: str) -> list[str]:
        """Return what the scenarios played so far did not show, and must, for the invariant to be held."""
        judge = self._judge(invariant)
        return sorted(judge.kind.required(judge.promise) - judge.labels.keys())

    def _operations(self, judge: Judge) -> list[str]:
        return judge.kind.playable(judge.promise, self._worker.offers)

    def _judge(self, invariant: str) -> Judge:
        if invariant not in self._judges:
            (promise,) = selected(self._project.declarations.promises, [invariant])
            kind = KINDS[promise.invariant.kind]
            self._judges[invariant] = Judge(kind, promise, self._worker, Counter())
        return self._judges[invariant]
