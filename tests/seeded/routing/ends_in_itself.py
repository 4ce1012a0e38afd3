"""The example handler, but when its chain is exhausted it begins again.

Public bug: A4, a completion with fallbacks never ends where all keys are rejected
(https://github.com/BerriAI/litellm/issues/7091).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import NoProviderAvailable
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Takes its own end for one more failure to fall back from."""

    async def acomplete(self, request: Request) -> Reply:
        """Return a reply, some day."""
        while True:
            try:
                return await super().acomplete(request)
            except NoProviderAvailable:
                await asyncio.sleep(3600)
