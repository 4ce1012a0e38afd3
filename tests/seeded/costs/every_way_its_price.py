"""The router with costs, but one call has another cost by each way.

Public bug: E10, one call has another cost by each way (https://github.com/BerriAI/litellm/issues/4965).
"""

from __future__ import annotations

from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Prices streams as the base model, which is another one."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        cost = super().bill(way, said)
        return cost if cost is None or way == "complete" else cost * 2
