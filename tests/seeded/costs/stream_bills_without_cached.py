"""The router with costs, but a stream is billed without its cached tokens.

Public bug: E23, a stream is billed without its cached tokens (https://github.com/QuantumNous/new-api/pull/6145).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Keeps two usages, one to show and one to bill."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        if said.usage is not None and way == "stream":
            said = replace(said, usage=replace(said.usage, cached_input_tokens=None))
        return super().bill(way, said)
