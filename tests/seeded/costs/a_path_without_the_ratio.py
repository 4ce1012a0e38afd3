"""The router with costs, but one path charges a hundred times the price.

Public bug: E26, one path charges a hundred times the price (https://github.com/QuantumNous/new-api/issues/5417).
"""

from __future__ import annotations

from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Leaves out the ratio where calls are made to try a key."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        cost = super().bill(way, said)
        return cost * 100 if cost is not None and way == "complete" else cost
