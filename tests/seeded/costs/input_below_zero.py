"""The router with costs, but input tokens become negative.

Public bug: E25, input tokens become negative (https://github.com/QuantumNous/new-api/issues/3110).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Takes what is cached from input that does not contain it."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        if said.usage is not None and said.provider == "anthropic":
            cached = (said.usage.cached_input_tokens or 0) + (said.usage.cache_write_tokens or 0)
            fresh = (said.usage.input_tokens or 0) - cached
            said = replace(said, usage=replace(said.usage, input_tokens=fresh))
        return super().bill(way, said)
