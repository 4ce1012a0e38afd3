"""The router with costs, but the usage object is ignored on some paths.

Public bug: E11, the usage object is ignored on some paths (https://github.com/BerriAI/litellm/issues/14577).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply, Usage


class Handler(Replies):
    """Counts from arguments that are not given there."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        if said.usage is not None and way == "complete":
            said = replace(said, usage=Usage(0, 0))
        return super().bill(way, said)
