"""Scenarios per second of fallback_order: the example handler against the same strategy with no handler.

    python benchmarks/fallback_order.py [scenarios]

Both run in one process tree, one after the other in turns, so the ratio holds on a noisy machine. "No
handler" draws the same scenarios and judges an empty history: what is left is Hypothesis and the checker.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.audit.search import reproducible, search
from llminv.audit.worker import Worker
from llminv.declaration.load import load
from llminv.history import History
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from llminv.scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent
TURNS = 3


def main(scenarios: int) -> None:
    """Print the rates and their ratio."""
    models = {name: kind.model for name, kind in KINDS.items()}
    declared = load([ROOT / "invariants"], models, tuple(DIALECTS))
    kind = KINDS["fallback_order"]
    promise = next(promise for promise in declared.promises if promise.invariant.kind == kind.name)
    strategy = kind.strategy(promise, ["acomplete"])

    def rate(history_of: Callable[[Scenario], History]) -> float:
        played = 0

        def judge(scenario: Scenario) -> list[str]:
            nonlocal played
            played += 1
            kind.check(promise, scenario, history_of(scenario))
            return []

        started_s = time.perf_counter()
        search(strategy, judge, seed_=1, max_examples=scenarios, known=())
        return played / (time.perf_counter() - started_s)

    with reproducible(), Worker(promise.setting(), "examples/byok/handler.py:Handler", 60.0, ROOT) as worker:
        turns = [(rate(worker.play), rate(lambda _: History())) for _ in range(TURNS)]
    handler = statistics.median(played for played, _ in turns)
    bare = statistics.median(drawn for _, drawn in turns)
    ratio = statistics.median(drawn / played for played, drawn in turns)
    print(f"example handler  {handler:8.1f} scenarios/s")
    print(f"no handler       {bare:8.1f} scenarios/s")
    print(f"ratio            {ratio:8.1f}   ({scenarios} scenarios a turn, median of {TURNS} turns)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
