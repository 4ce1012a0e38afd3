"""The examples keep every declared invariant, whatever is drawn: a finding on one is a false alarm, or a bug in it."""

from contextlib import ExitStack
from math import ceil
from pathlib import Path

import pytest
from forked import ForkedWorker

from llminv.audit.search import reproducible, search
from llminv.audit.worker import SCENARIO_LIMIT_S
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
MODELS = {name: kind.model for name, kind in KINDS.items()}
PROMISES = {
    promise.invariant.id: promise for promise in load([ROOT / "invariants"], MODELS, tuple(DIALECTS)).promises
}
# The example without SDKs neither counts tokens nor knows what a usage costs.
NOT_OFFERED = {
    "byok": set(),
    "raw": {
        *("token-counting-accuracy", "token-counting-never-fails"),
        *("cost-per-1k-tokens", "input-and-output-priced-apart", "costs-add-up"),
    },
}
# How many scenarios of each kind are drawn: ordinarily, shared by its invariants, and in the deep run for each of them.
DRAWN = {"byok": (300, 10_000), "raw": (60, 3_000)}


@pytest.fixture(scope="module")
def workers():
    """A worker for each example; all promises have one setting."""
    (setting,) = {str(promise.setting()): promise.setting() for promise in PROMISES.values()}.values()
    with ExitStack() as exits:
        yield {
            example: exits.enter_context(
                ForkedWorker(setting, str(ROOT / f"examples/{example}/handler.py:Handler"), SCENARIO_LIMIT_S)
            )
            for example in DRAWN
        }


def accused(worker, id_, number):
    """What is found in `number` scenarios, None where the worker's handler does not offer what it takes."""
    promise = PROMISES[id_]
    kind = KINDS[promise.invariant.kind]
    operations = kind.playable(promise, worker.offers)
    if not operations:
        return None
    found = []

    def play(scenario):
        history = worker.play(scenario)
        found.extend((finding.code, scenario.text) for finding in kind.check(promise, scenario, history))
        return ()

    with reproducible():
        search(kind.strategy(promise, operations), play, seed_=0, max_examples=number, known=())
    return found


@pytest.mark.parametrize("id_", PROMISES)
@pytest.mark.parametrize("example", DRAWN)
def test_an_example_is_never_accused(example, id_, workers):
    expected = None if id_ in NOT_OFFERED[example] else []
    alike = [one for one in PROMISES.values() if one.invariant.kind == PROMISES[id_].invariant.kind]
    number = ceil(DRAWN[example][0] / len(alike))
    assert accused(workers[example], id_, number) == expected


@pytest.mark.deep
@pytest.mark.parametrize("id_", PROMISES)
@pytest.mark.parametrize("example", DRAWN)
def test_an_example_is_not_accused_in_the_long_run(example, id_, workers):
    expected = None if id_ in NOT_OFFERED[example] else []
    assert accused(workers[example], id_, DRAWN[example][1]) == expected
