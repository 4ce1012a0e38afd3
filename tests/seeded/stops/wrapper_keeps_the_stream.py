"""The example raw behind a wrapper that counts, which never closes the stream that it reads.

Public bug: litellm#30244, when the client of a proxy has gone in the middle of a stream, the provider goes on
until it has said everything (https://github.com/BerriAI/litellm/issues/30244).
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler

from llminv.contract import Chunk, Request


class Handler(handler.Handler):
    """Keeps each stream, for what is left of it to be counted."""

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield what the example yields."""
        self.counted = super().stream(request)
        while (chunk := next(self.counted, None)) is not None:
            yield chunk

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield what the example yields."""
        self.acounted = super().astream(request)
        while (chunk := await anext(self.acounted, None)) is not None:
            yield chunk
