"""The router with costs, but a stream counts tokens written to the cache twice.

Public bug: E4, a stream counts tokens written to the cache twice (https://github.com/maximhq/bifrost/issues/3451).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Adds what the first event said to what the last one says."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        if said.usage is not None and way == "stream":
            again = (said.usage.input_tokens or 0) + (said.usage.cache_write_tokens or 0)
            said = replace(said, usage=replace(said.usage, input_tokens=again))
        return super().bill(way, said)
