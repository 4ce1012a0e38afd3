"""A correct router with streams, but it looks at the clock only once a word has come.

Public bug: B4, a timeout of streams that is raised only after the delayed first chunk
(https://github.com/BerriAI/litellm/issues/19909).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kinds"))

from timed_routers import Streams

from llminv.contract import Chunk


class Handler(Streams):
    """Notices a late word when it is there."""

    class Lines(Streams.Lines):
        """Reads without a limit of its own."""

        def readline(self) -> bytes:
            """Return the next line, whenever it comes."""
            return self.answer.readline()

        def heard(self, chunk: Chunk) -> None:
            """Raise where the word is late."""
            if chunk.text and time.monotonic() > self.due_s:
                raise TimeoutError(chunk.text)
            super().heard(chunk)
