"""The example's costs against drawn scenarios of the kinds about cost, and what it cannot price."""

from pathlib import Path

import pytest

from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "examples/byok/handler.py:Handler")
MODELS = {name: kind.model for name, kind in KINDS.items()}
PROMISES = [
    promise
    for promise in load([ROOT / "invariants"], MODELS, tuple(DIALECTS)).promises
    if promise.invariant.kind.startswith("cost_")
]


def test_what_it_cannot_price_is_an_error_and_no_cost_of_a_reply(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    from byok.cost import UnknownCostError, cost, reply_cost

    from llminv.contract import Usage

    for usage, model in ((Usage(1, 1), "gpt-4"), (Usage(None, 1), "gpt-4o-mini"), (Usage(1), "gpt-4o-mini")):
        with pytest.raises(UnknownCostError):
            cost(usage, "openai", model)
        assert reply_cost(usage, "openai", model) is None
    assert reply_cost(None, "openai", "gpt-4o-mini") is None
    assert reply_cost(Usage(1, 1), "openai", None) is None
    dated = reply_cost(Usage(1000, 1000), "openai", "gpt-4o-mini-2024-07-18")
    assert dated == cost(Usage(1000, 1000), "openai", "gpt-4o-mini")
