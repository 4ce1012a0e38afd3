"""The example handler, but its error tells of the first failure alone.

Public bug: A23, only the first error is raised
(https://github.com/langchain-ai/langchain/issues/14085).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import NoProviderAvailable
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Keeps the first error and forgets the others."""

    async def acomplete(self, request: Request) -> Reply:
        """Return a reply, or say how the first provider failed."""
        try:
            return await super().acomplete(request)
        except NoProviderAvailable as error:
            raise NoProviderAvailable(error.attempts[:1]) from None
