"""The example handler with an asynchronous stream, in which the configured number of retries is ignored.

Public bug: B22, max_retries is ignored for streaming
(https://github.com/langchain-ai/langchain-google/pull/1981).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import AsyncIterator

from byok import policy
from byok.handler import Handler as Example

from llminv.contract import Chunk, Request


class Handler(Example):
    """Streams what `acomplete` returns, with six retries instead of the configured two."""

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the reply of the first provider that answers."""
        configured, policy.RETRIES_MAX = policy.RETRIES_MAX, 6
        try:
            reply = await self.acomplete(request)
        finally:
            policy.RETRIES_MAX = configured
        yield Chunk(text=reply.text)
