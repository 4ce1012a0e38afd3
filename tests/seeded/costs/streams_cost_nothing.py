"""The router with costs, but the cost of a stream is 0.

Public bug: E8, the cost of a stream is 0 (https://github.com/BerriAI/litellm/issues/13957).
"""

from __future__ import annotations

from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Has nothing to work it out from."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        return Decimal(0) if way == "stream" else super().bill(way, said)
