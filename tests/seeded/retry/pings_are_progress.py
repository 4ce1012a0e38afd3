"""A correct router with streams, but every line of a stream, pings too, renews the time for the next word.

Public bug: B7, a stream that is dead but for its pings is never given up
(https://github.com/BerriAI/litellm/pull/39898).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kinds"))

from timed_routers import Streams


class Handler(Streams):
    """Takes a sign of life for progress."""

    class Lines(Streams.Lines):
        """Renews the time with each line."""

        def noticed(self, line: bytes) -> None:
            """Begin to wait anew."""
            del line
            self.due_s = time.monotonic() + self.router.idle_s
