"""How a call gets to a provider behind others: those before it fail, and so that it costs no time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llminv.kinds.laws import routing
from llminv.scenario import Act, Script
from llminv.simulation.faults import FAULTS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise


def on_the_way(promise: Promise, provider: str) -> tuple[Script, ...]:
    """Return the scripts that bring a call to `provider`: those before it fail, at once where that can be.

    Empty too where the policy falls back after no fault: then no call gets there.
    """
    policy = promise.policy
    order = routing.order_from(policy, routing.start_of(promise))
    names = policy.fallback_faults - policy.retry_faults or policy.fallback_faults
    fault = next((name for name in FAULTS if name in names), None)
    if fault is None:
        return ()
    return tuple(Script(0, before, then=Act(fault)) for before in order[: order.index(provider)])


def on_all_ways(
    promise: Promise, scripts: Sequence[SearchStrategy[Script]]
) -> SearchStrategy[tuple[Script, ...]]:
    """Draw scripts for all providers of the chain, or for one, to which the call gets at once."""
    from hypothesis import strategies as st

    chain = routing.chain_of(promise)
    alone = [
        st.tuples(*map(st.just, on_the_way(promise, provider)), script)
        for provider, script in zip(chain, scripts, strict=True)
    ]
    return st.one_of(st.tuples(*scripts), *alone)
