"""LiteLLM's Router under a whole audit: what it costs, and how much of that is LiteLLM's own.

    python benchmarks/router.py [max_examples] [interpreter of the environment with litellm]

The audit runs as `llminv run --handler litellm-router` does: Hypothesis and the checkers in this process, the
Router in a worker, each scenario in a fork of it. CPU seconds count, and the peak of the resident memory, of
this process and of its descendants; beside them stand those of a process that only imports litellm.

How much of a worker's time is whose, a sample says: some cells of every invariant, played in one process of
that environment, which a timer of CPU time interrupts every millisecond. A sample belongs to the innermost
frame that is not of the standard library: LiteLLM's, one of its packages (openai, httpx, aiohttp, ...), or
llminv's. What runs in threads beside the main one is counted there only in part.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llminv.runner import Runner
from llminv.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from llminv.declaration.promise import Promise

REPOSITORY = Path(__file__).resolve().parent.parent
NAME = "litellm-router"
ENVIRONMENT = REPOSITORY / ".venv-routers-litellm/bin/python"
SAMPLED_MAX = 12  # scenarios of each invariant
TICK_S = 0.001
LLMINV, LITELLM, OTHERS = "llminv", "litellm", "its packages"
MB = 1024  # in the kilobytes of getrusage


def owner(frame: FrameType | None) -> str:
    """Return whose work goes on in a frame."""
    while frame is not None:
        parts = Path(frame.f_code.co_filename).parts
        if "site-packages" in parts:
            package = parts[parts.index("site-packages") + 1]
            return LITELLM if package == "litellm" else OTHERS
        if "llminv" in parts:
            return LLMINV
        frame = frame.f_back
    return LLMINV


def sample() -> None:
    """Play what stands on the standard input, and say how often each was interrupted."""
    order = json.loads(sys.stdin.readline())
    counts: Counter[str] = Counter()
    with Runner(order["setting"], order["spec"]) as runner:
        signal.signal(signal.SIGPROF, lambda _, frame: counts.update([owner(frame)]))
        for line in sys.stdin:
            scenario = Scenario.from_json(json.loads(line))
            signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
            runner.play(scenario)
            signal.setitimer(signal.ITIMER_PROF, 0)
    sys.stdout.write(json.dumps(counts))


def cells(promises: Sequence[Promise], offers: Sequence[str]) -> Iterator[Scenario]:
    """Yield some cells of every invariant, from its first to its last."""
    from llminv.kinds import KINDS

    for promise in promises:
        kind = KINDS[promise.invariant.kind]
        every = list(kind.cells(promise, kind.playable(promise, offers)))
        yield from every[:: len(every) // SAMPLED_MAX + 1]


def shares(promises: Sequence[Promise], offers: Sequence[str], python: Path) -> dict[str, float]:
    """Return the share of a worker's time that each has."""
    from llminv.handler.adapters import ADAPTERS

    lines = [json.dumps({"setting": promises[0].setting(), "spec": ADAPTERS[NAME].spec})]
    lines += [scenario.text for scenario in cells(promises, offers)]
    sampled = subprocess.run(  # noqa: S603 - ours
        [str(python), __file__, "--sample"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    counts = json.loads(sampled.stdout)
    return {name: counts.get(name, 0) / sum(counts.values()) for name in (LITELLM, OTHERS, LLMINV)}


def spent(who: int) -> tuple[float, float]:
    """Return the CPU seconds that were spent so far, and the peak of the memory in MB."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MB


def main(max_examples: int, python: Path) -> None:
    """Import litellm, audit the Router, sample its scenarios, and print what each took."""
    from llminv.audit.engine import Options, run
    from llminv.cli.project import Project
    from llminv.handler.adapters import ADAPTERS
    from llminv.kinds import KINDS

    promises = Project.here(handler=NAME).declarations.promises
    subprocess.run([str(python), "-c", "import litellm"], check=True, capture_output=True)  # noqa: S603 - ours
    import_s, import_mb = spent(resource.RUSAGE_CHILDREN)
    before_s, _ = spent(resource.RUSAGE_SELF)
    options = Options(1, max_examples, 60.0, isolation=ADAPTERS[NAME].isolation, python=python)
    audit = run(promises, NAME, KINDS, options)
    judging_s, judging_mb = spent(resource.RUSAGE_SELF)
    playing_s, playing_mb = spent(resource.RUSAGE_CHILDREN)
    judging_s, playing_s = judging_s - before_s, playing_s - import_s
    played = sum(result.plays for result in audit.results)
    print(f"import litellm: {import_s:.1f} s, {import_mb:.0f} MB")
    print(f"{len(audit.results)} invariants, {played} scenarios, {max_examples} drawn of each")
    print(f"drawing and judging: {judging_s:.0f} s, {judging_mb:.0f} MB")
    print(f"playing: {playing_s:.0f} s, {playing_mb:.0f} MB, {1000 * playing_s / played:.0f} ms a scenario")
    for name, share in shares(promises, audit.handler.offers, python).items():
        whole = share * playing_s / (judging_s + playing_s)
        print(f"{name}: {share:.0%} of a scenario, {whole:.0%} of the audit")


if __name__ == "__main__":
    if sys.argv[1:] == ["--sample"]:
        sample()
    else:
        chosen = sys.argv[2] if len(sys.argv) > 2 else ENVIRONMENT
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, Path(chosen))
