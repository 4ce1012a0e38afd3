"""How long an audit takes with several jobs, beside one with one job.

    python benchmarks/jobs.py [jobs [scenarios]]

Audits two examples with all declared invariants: byok, whose SDKs take most of the time, and raw, which does
next to nothing itself, so that what is not shared among processes shows. One job and several take turns.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from llminv.audit.engine import Options, run
from llminv.cli.project import processors
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).resolve().parent.parent
TURNS = 3


def main(jobs: int, scenarios: int) -> None:
    """Print for each example how many times as fast the jobs are."""
    models = {name: kind.model for name, kind in KINDS.items()}
    promises = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises

    def taken_s(example: str, jobs: int) -> float:
        started_s = time.perf_counter()
        options = Options(1, scenarios, scenario_limit_s=60.0, folder=ROOT, jobs=jobs)
        run(promises, f"examples/{example}/handler.py:Handler", KINDS, options)
        return time.perf_counter() - started_s

    for example in ("byok", "raw"):
        turns = [(taken_s(example, 1), taken_s(example, jobs)) for _ in range(TURNS)]
        one, several = (statistics.median(times) for times in zip(*turns, strict=True))
        ratio = statistics.median(alone / shared for alone, shared in turns)
        print(f"{example}: {one:.0f} s with one job, {several:.0f} s with {jobs}: {ratio:.2f} times as fast")


if __name__ == "__main__":
    numbers = [int(number) for number in sys.argv[1:]]
    main(*numbers, *(processors(), 30)[len(numbers) :])
