"""The raw example, but what a read holds is parsed by itself.

Public bug: C14, partial events are parsed
(https://github.com/openai/openai-python/issues/649).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import sse
from raw.handler import Handler as Example

feed = sse.SSEReader.feed


def feed_alone(self: sse.SSEReader, data: bytes) -> list[sse.Event]:
    """Return the events of one read; its last line need not have ended."""
    self._line.clear()
    events = feed(self, data)
    rest = "".join(self._line)
    if rest.startswith("data:"):
        events.append(sse.Event("message", rest.removeprefix("data:")))
    return events


sse.SSEReader.feed = feed_alone


class Handler(Example):
    """Parses so."""
