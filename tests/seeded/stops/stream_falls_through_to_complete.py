"""The example raw, but a stream is the whole answer, handed out when it is there.

Public bug: A22, a stream with fallbacks delivers everything at once
(https://github.com/langchain-ai/langchainjs/issues/6026, https://github.com/langchain-ai/langchain/issues/15195).
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler

from llminv.contract import Chunk, Reply, Request


class Handler(handler.Handler):
    """Has `complete` do the work of `stream`."""

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield the words of the whole answer."""
        yield from _chunks(self.complete(request))

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the words of the whole answer."""
        for chunk in _chunks(await self.acomplete(request)):
            yield chunk


def _chunks(reply: Reply) -> Iterator[Chunk]:
    for word in reply.text.split(" "):
        yield Chunk(f"{word} ", provider=reply.provider, model=reply.model)
