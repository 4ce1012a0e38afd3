"""The example handler, but its first two providers fall back to each other.

Public bug: A40, two providers alternate for ever
(https://github.com/cxlinux-ai/cx-core/pull/300).
"""

from __future__ import annotations

import asyncio
import sys
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Forces the other provider with fallback still on."""

    async def acomplete(self, request: Request) -> Reply:
        """Return the reply of one of the two, unless both fail."""
        for name in cycle(["openai", "anthropic"]):
            outcome = await self.attempt(name, request, 60.0)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.fault_class not in self.fallback:
                raise outcome.cause
            await asyncio.sleep(600)
        raise AssertionError(request)
