"""What a streamed answer of 4,000 tokens costs to play: in whole events, and cut into single bytes.

    python benchmarks/streams.py

A scenario of stream_completion and stream_framing is one play of such a stream, through every layer: the
provider's events, the simulated connection, the handler (examples/raw: httpx and its own reader of events),
the history, and the judgement of both kinds. Each is played once, the smallest first. Time is in CPU
seconds of this process, memory is by how much it has grown at its peak since a first play; bytes are those of
the response.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llminv.declaration.load import load
from llminv.declaration.promise import Promise
from llminv.history import History
from llminv.kinds import KINDS
from llminv.runner import Runner
from llminv.scenario import Act, Call, Said, Scenario, Script
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).resolve().parent.parent
TOKENS = 4_000
WORD = " word"
OPERATIONS = ("stream", "astream")
HANDLER = str(ROOT / "examples/raw/handler.py:Handler")
# What is played, the plainest first.
ACTS = {
    "one delta": Act(said=Said(text=WORD, times=TOKENS, deltas="whole")),
    "one delta, byte by byte": Act(said=Said(text=WORD, times=TOKENS, deltas="whole"), cut_every=1),
    "a delta a token": Act(said=Said(text=WORD, times=TOKENS)),
    "a delta a token, byte by byte": Act(said=Said(text=WORD, times=TOKENS), cut_every=1),
}


class Clock:
    """The real one: a reference in a module would be replaced with the others."""

    now_s = time.process_time


def promises() -> list[Promise]:
    """Return the shipped promises of both kinds."""
    models = {name: kind.model for name, kind in KINDS.items()}
    kinds = ("stream_completion", "stream_framing")
    shipped = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    return [promise for promise in shipped if promise.invariant.kind in kinds]


def judge(declared: list[Promise], scenario: Scenario, history: History) -> None:
    """Judge a history by each promise; stop where there is a finding."""
    for promise in declared:
        findings = KINDS[promise.invariant.kind].check(promise, scenario, history)
        if findings:
            sys.exit(findings[0].observed)


def grown_mb() -> float:
    """Return the peak of the memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Print the table."""
    declared = promises()
    rows = []
    with Runner(declared[0].setting(), HANDLER) as runner:
        runner.play(Scenario((Call("stream"), Call("astream"))))
        before_mb = grown_mb()
        for name, act in ACTS.items():
            for operation in OPERATIONS:
                scenario = Scenario((Call(operation),), (Script(0, "openai", then=act),))
                started_s = Clock.now_s()
                history = runner.play(scenario)
                played_s = Clock.now_s()
                judge(declared, scenario, history)
                judged_s = Clock.now_s()
                sent = len(history.attempts(0)[0].text.encode())
                times_s = (played_s - started_s, judged_s - played_s)
                rows.append((f"{name}, {operation}", sent, *times_s, grown_mb() - before_mb))
    print(f"{'4,000 tokens':40}{'bytes':>12}{'play, s':>10}{'judge, s':>10}{'grown, MB':>11}")
    for label, sent, play_s, judge_s, mb in rows:
        print(f"{label:40}{sent:12,}{play_s:10.3f}{judge_s:10.3f}{mb:11.1f}")


if __name__ == "__main__":
    main()
