"""A streaming router, but streams bypass its fallbacks.

Public bug: A13, a response that is streamed is not wrapped
(https://github.com/BerriAI/litellm/issues/28216).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/kinds"))

from whole_router import WholeRouter


class Handler(WholeRouter):
    """Streams from the first provider and from no other."""

    def stream(self, request):
        """Yield what the first provider says."""
        provider = self.formats[0]()
        answer = self.ask(provider, request, streaming=True)
        yield from self.chunks(provider, answer)
