"""The raw example, but a body that is cut off behind the first content ends the answer in good order.

Public bug: C7, an upstream cut becomes a clean end
(https://github.com/Portkey-AI/gateway/issues/1797).
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
    """Forwards the end of the bytes as the end of the answer."""

    def _chunks(self, request: Request, wire: Wire, *, whole: bool = False) -> Chunks:
        return ended(super()._chunks(request, wire, whole=whole))


async def ended(chunks: Chunks) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks, and an end of their own where the connection is closed too early."""
    try:
        async for chunk in chunks:
            yield chunk
    except StreamInterrupted as error:
        if not isinstance(error.attempts[-1].__cause__, httpx.RemoteProtocolError):
            raise
        yield Chunk(finish_reason="stop")
