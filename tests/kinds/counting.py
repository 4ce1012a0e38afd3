"""The shipped promises about tokens, narrowed to what a test needs, and playing one against a counter."""

from functools import cache
from pathlib import Path

from playing import Playing

from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
COUNTERS = Path(__file__).with_name("token_counters.py")
ACCURACY, TOTALITY = "token-counting-accuracy", "token-counting-never-fails"


@cache
def shipped():
    models = {name: kind.model for name, kind in KINDS.items()}
    promises = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    return {promise.invariant.id: promise for promise in promises}


def promised(id_, **fields):
    """The shipped promise with other fields."""
    promise = shipped()[id_]
    invariant = type(promise.invariant).model_validate({**promise.invariant.model_dump(), **fields})
    return promise.model_copy(update={"invariant": invariant})


def counting(counter, promise):
    return Playing(counter, promise, COUNTERS)


def found(counter, promise, scenarios=None):
    """The first scenario of each code, among all cells or those given; and what was exercised."""
    with counting(counter, promise) as playing:
        first = {}
        for scenario in scenarios or playing.kind.cells(promise, playing.operations):
            for code in playing.codes(scenario):
                first.setdefault(code, scenario)
        return first, playing.labels
