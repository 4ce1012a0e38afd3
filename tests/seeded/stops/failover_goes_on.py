"""The example raw, whose search for a provider goes on when nobody waits for one any more.

Public bug: freellmapi#518, a caller that hung up kept the chain of fallbacks going, through up to twenty
providers (https://github.com/tashfeenahmed/freellmapi/pull/518).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler

from llminv.contract import Chunk, Request


class Handler(handler.Handler):
    """Finds the provider in a task that nobody cancels; `stream` is the example's own."""

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the first chunk when there is one, then the others."""
        said = super().astream(request)
        chunk = await asyncio.shield(asyncio.ensure_future(anext(said)))
        try:
            yield chunk
            async for chunk in said:
                yield chunk
        finally:
            await said.aclose()
