"""A streaming router, but a stream that has opened never falls back.

Public bug: A25, an error after the stream has opened never falls back
(https://github.com/pydantic/pydantic-ai/issues/4140).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/kinds"))

from whole_router import FAILURES, WholeRouter


class Handler(WholeRouter):
    """Guards the opening of a stream."""

    def stream(self, request):
        """Yield what the first provider says whose stream opens."""
        for made in self.formats:
            provider = made()
            try:
                answer = self.ask(provider, request, streaming=True)
            except FAILURES:
                continue
            yield from self.chunks(provider, answer)
            return
