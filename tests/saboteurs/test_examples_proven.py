"""`llminv prove` on the examples, with all that is declared: no planted bug survives."""

from pathlib import Path

import pytest

from llminv.audit.engine import Options
from llminv.audit.proof import Result
from llminv.audit.prove import prove
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]


@pytest.mark.deep
@pytest.mark.parametrize("example", ["raw", "byok"])
def test_every_planted_bug_is_caught(example):
    models = {name: kind.model for name, kind in KINDS.items()}
    promises = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    spec = f"{ROOT}/examples/{example}/handler.py:Handler"
    found = prove(promises, spec, KINDS, Options(seed=0, folder=ROOT))
    results = [(name, proof) for name, proofs in found.items() for proof in proofs]
    assert [each for each in results if each[1].result == Result.SURVIVED] == []
    assert len([each for each in results if each[1].result == Result.CAUGHT]) > 80
