"""A router over bare HTTP that says what its replies cost: no bug in it, but what those beside it have one of."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kinds"))

from byok.cost import reply_cost
from whole_router import WholeRouter

from llminv.contract import Chunk, Reply, Request


class Handler(WholeRouter):
    """Prices the usage of the answer at the provider and model that gave it."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        """Return what an answer costs that was given in this way."""
        models = {made.name: made.model for made in self.formats}
        return reply_cost(said.usage, said.provider or "", models[said.provider])

    def complete(self, request: Request) -> Reply:
        """Return the whole answer with its cost."""
        reply = super().complete(request)
        return replace(reply, cost=self.bill("complete", reply))

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield the answer; chunks with usage have a cost, the last of which counts."""
        for chunk in super().stream(request):
            yield replace(chunk, cost=self.bill("stream", chunk)) if chunk.usage else chunk
