"""Token invariants per second, against a bare loop that counts the same texts with the same tokenizer.

    python benchmarks/tokens.py [scenarios]

What is played are drawn scenarios of both kinds about OpenAI's model, against a counter of a few lines in a
worker process and against the example handler; each play is judged. The bare loop calls tiktoken once for
each text. All run in turns, so the ratios hold on a noisy machine.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.audit.search import reproducible, search
from llminv.audit.worker import Worker
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.oracles.tokens import bpe, vocabulary
from llminv.scenario import Scenario
from llminv.simulation.dialects import DIALECTS

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

ROOT = Path(__file__).resolve().parent.parent
HANDLERS = {
    "counter": "tests/kinds/token_counters.py:Right",
    "example handler": "examples/byok/handler.py:Handler",
}
TURNS = 3


def promises() -> list[Promise]:
    """Return the shipped promises about tokens."""
    models = {name: kind.model for name, kind in KINDS.items()}
    declared = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    return [promise for promise in declared if promise.invariant.kind.startswith("token_")]


def drawn(promise: Promise, examples_max: int) -> list[Scenario]:
    """Return drawn scenarios of texts, each about the first provider and its declared model."""
    strategy = KINDS[promise.invariant.kind].strategy(promise, ("count_tokens",))
    with reproducible():
        found = search(strategy, lambda _: (), seed_=1, max_examples=examples_max, known=()).drawn
    texts = [scenario for scenario in found if scenario.calls[0].text is not None]
    return [
        Scenario(tuple(replace(call, provider=None, model=None) for call in scenario.calls))
        for scenario in texts
    ]


def audited(worker: Worker, promise: Promise, scenarios: list[Scenario]) -> float:
    """Return the scenarios a second, played and judged."""
    kind = KINDS[promise.invariant.kind]
    bpe.tokens_of.cache_clear()
    started_s = time.perf_counter()
    for scenario in scenarios:
        if kind.check(promise, scenario, worker.play(scenario)):
            raise SystemExit(f"{promise.invariant.id} does not hold: {scenario.text}")
    return len(scenarios) / (time.perf_counter() - started_s)


def bare(scenarios: list[Scenario]) -> float:
    """Return the scenarios a second of which the texts are counted, and nothing else."""
    encoding = vocabulary.encoding("o200k_base")
    texts = [[(call.text or "") * call.times for call in scenario.calls] for scenario in scenarios]
    started_s = time.perf_counter()
    for said in texts:
        for text in said:
            encoding.encode_ordinary(text)
    return len(scenarios) / (time.perf_counter() - started_s)


def main(examples_max: int) -> None:
    """Print the rates and their ratios to the bare loop."""
    for promise in promises():
        scenarios = drawn(promise, examples_max)
        print(f"{promise.invariant.id}: {len(scenarios)} scenarios a turn, median of {TURNS} turns")
        rates: dict[str, list[float]] = {"bare loop": []}
        for name, spec in HANDLERS.items():
            with Worker(promise.setting(), spec, 60.0, ROOT) as worker:
                worker.play(scenarios[0])  # loads the vocabulary
                for _ in range(TURNS):
                    rates.setdefault(name, []).append(audited(worker, promise, scenarios))
                    rates["bare loop"].append(bare(scenarios))
        loop = statistics.median(rates["bare loop"])
        for name, found in rates.items():
            rate = statistics.median(found)
            print(f"  {name:<16}{rate:10.1f} scenarios/s   1/{loop / rate:.0f} of the bare loop")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
