"""The example handler with an asynchronous stream, in which nothing is tried twice.

Public bug: B17, async streams do no retries where all else does
(https://github.com/googleapis/python-genai/issues/2044).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import AsyncIterator

from byok import policy
from byok.errors import NoProviderAvailable
from byok.handler import Handler as Example

from llminv.contract import Chunk, Reply, Request


class Handler(Example):
    """Streams the first answer that comes at the first try."""

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the reply of the first provider that answers."""
        for name in self.route(request.start):
            outcome = await self.attempt(name, request, policy.ATTEMPT_S)
            if isinstance(outcome, Reply):
                yield Chunk(text=outcome.text)
                return
            if outcome.fault_class not in self.fallback:
                raise outcome.cause
        raise NoProviderAvailable([])
