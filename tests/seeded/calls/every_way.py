"""The example handler in all four ways: no bug in it, but what those beside it have one of."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example

from llminv.contract import Chunk, Reply, Request


class Handler(Example):
    """A stream is one chunk here: how it is cut is not what these handlers are about."""

    def complete(self, request: Request) -> Reply:
        """Run a loop, and on it a handler of its own: connections belong to their loop."""
        return asyncio.run(self._once(request))

    async def _once(self, request: Request) -> Reply:
        handler = type(self)()
        try:
            return await handler.acomplete(request)
        finally:
            await handler.aclose()

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the reply in one chunk."""
        reply = await self.acomplete(request)
        yield Chunk(reply.text, None, reply.finish_reason, reply.usage, reply.provider, reply.model)

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield the reply in one chunk."""
        reply = self.complete(request)
        yield Chunk(reply.text, None, reply.finish_reason, reply.usage, reply.provider, reply.model)
