"""The example handler, but the error of one call is still there at the next.

Public bug class: A35, state carried over (https://github.com/mastra-ai/mastra/issues/9564).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import NoProviderAvailable
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Remembers how the last call ended."""

    error: Exception | None = None

    async def acomplete(self, request: Request) -> Reply:
        """Return the reply of the first provider that answers, unless a call has failed before."""
        try:
            reply = await super().acomplete(request)
        except NoProviderAvailable as error:
            self.error = error
        if self.error is not None:
            raise self.error
        return reply
