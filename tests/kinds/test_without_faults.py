"""Where the policy passes nothing on, as one provider's SDK does, the kinds about routing draw answers alone."""

import pytest
from hypothesis import Phase, find, settings
from routes import promise_of

from llminv.kinds import KINDS

ALONE = {"chain": ("openai",), "fallback": ()}
ONE_DRAW = settings(max_examples=1, phases=[Phase.generate], database=None)


@pytest.mark.parametrize("name", ["request_fidelity", "attribution", "key_isolation", "parity"])
def test_one_provider_and_no_fault_to_play(name):
    kind, promise = KINDS[name], promise_of(name, policy=ALONE, failures=None, chain=None)
    assert kind.faults(promise) == ()
    operations = kind.playable(promise, kind.operations)
    assert list(kind.cells(promise, operations))
    drawn = find(kind.strategy(promise, operations), lambda _: True, settings=ONE_DRAW)
    assert {act.fault for row in drawn.acts for act in (*row.attempts, row.then)} <= {None}
