"""The example raw with one connection, which does not come back from a stream that is left.

Public bug: openai-python#763, the connection of a stream is not returned to the pool, and the call for which
none is left times out (https://github.com/openai/openai-python/issues/763).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import httpx
from raw import handler

from llminv.contract import Chunk, Request


class Handler(handler.Handler):
    """Only streams, one at a time."""

    astream = None

    def __init__(self) -> None:
        handler.LIMITS = httpx.Limits(max_connections=1)
        handler.TIMEOUT = httpx.Timeout(5)
        super().__init__()
        self.left: list[Iterator[Chunk]] = []

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield what the example yields."""
        self.left.append(super().stream(request))
        while (chunk := next(self.left[-1], None)) is not None:
            yield chunk
