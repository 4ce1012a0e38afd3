"""The example handler, but a timeout before the first chunk of its asynchronous stream bypasses the fallback.

Public bug class: A13 (https://github.com/BerriAI/litellm/issues/28216).
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from byok.policy import FaultClass
from every_way import Handler as EveryWay

from llminv.contract import Chunk, Request


class Handler(EveryWay):
    """Falls back on less where it streams."""

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the reply in one chunk."""
        one_call = EveryWay()
        one_call.fallback = EveryWay.fallback - {FaultClass.TIMEOUT}
        async for chunk in one_call.astream(request):
            yield chunk
        await one_call.aclose()
