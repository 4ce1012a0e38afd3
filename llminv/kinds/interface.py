"""What a kind is: a family of invariants, described by one value; one file each beside this one.

A kind never calls the handler. `check` and `exercised` are pure functions of promise, scenario and
history; everything random is drawn by `strategy` before anything is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.declaration.models import Invariant
from llminv.declaration.promise import Promise
from llminv.history import History
from llminv.scenario import Scenario
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# The operations that the handler offers, of those the kind can play; never empty.
Operations = Sequence[str]


@dataclass(frozen=True)
class Kind:
    """A family of invariants.

    `name` is the word in YAML; `summary` one sentence for the docs. `model` reads the YAML fields.
    `operations` are those the kind can play: a handler that offers fewer than `operations_min` of them is
    *not offered*.
    `faults` are the names of those that it plays for a promise, simplest first.
    `codes` maps each finding code to the sentence that explains it. `cells` lists the
    finite cases to cover, `strategy` draws beyond them; `examples` are the scenarios of declared examples,
    where a kind has such a field.
    `required` names the labels without which nothing was exercised; `exercised` the labels that one
    history shows; `describe` says in a sentence, for INVARIANTS.md, what is played. `reservations` are
    the reasons for which a promise cannot be judged whole: with one, the verdict is unknown at best.
    `narrowed` returns the operations that a promise is about, where its fields can say that.
    `moot` maps the codes that no handler can show under a promise to the reason: they need no proof.
    """

    name: str
    summary: str
    model: type[Invariant]
    operations: tuple[str, ...]
    faults: Callable[[Promise], tuple[str, ...]]
    codes: Mapping[str, str]
    cells: Callable[[Promise, Operations], Iterable[Scenario]]
    strategy: Callable[[Promise, Operations], SearchStrategy[Scenario]]
    required: Callable[[Promise], frozenset[str]]
    exercised: Callable[[Promise, Scenario, History], frozenset[str]]
    check: Callable[[Promise, Scenario, History], list[Finding]]
    describe: Callable[[Promise], str]
    examples: Callable[[Promise, Operations], Iterable[Scenario]] = lambda *_: ()
    reservations: Callable[[Promise], tuple[str, ...]] = lambda _: ()
    moot: Callable[[Promise], Mapping[str, str]] = lambda _: {}
    operations_min: int = 1
    narrowed: Callable[[Promise], tuple[str, ...]] | None = None

    def operations_of(self, promise: Promise) -> tuple[str, ...]:
        """Return the operations that are played for a promise: all, unless it narrows them."""
        return self.operations if self.narrowed is None else self.narrowed(promise)

    def playable(self, promise: Promise, offers: Sequence[str]) -> list[str]:
        """Return those of the operations that the handler `offers`; none where they are too few to play."""
        found = [name for name in self.operations_of(promise) if name in offers]
        return found if len(found) >= self.operations_min else []
