"""The raw example, but a connection that is reset behind the first content ends the answer.

Public bug: C1, a TCP reset becomes finish_reason stop
(https://github.com/BerriAI/litellm/issues/33404).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import AsyncGenerator

import httpx
from raw.errors import StreamInterrupted
from raw.handler import Handler as Example
from raw.router import Chunks
from raw.wire import Wire

from llminv.contract import Chunk, Request


class Handler(Example):
    """Swallows what the transport raises."""

    def _chunks(self, request: Request, wire: Wire, *, whole: bool = False) -> Chunks:
        return ended(super()._chunks(request, wire, whole=whole))


async def ended(chunks: Chunks) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks, and an end of their own where the connection is reset."""
    try:
        async for chunk in chunks:
            yield chunk
    except StreamInterrupted as error:
        if not isinstance(error.attempts[-1].__cause__, httpx.ReadError):
            raise
        yield Chunk(finish_reason="stop")
