"""The raw example, but every event is read as JSON, also one without data.

Public bug: C17, events with empty data crash the client
(https://github.com/coder/coder/issues/28185).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import Iterator

from raw.answer import AnswerReader
from raw.handler import Handler as Example

from llminv.contract import Chunk


def feed(self: AnswerReader, data: bytes) -> Iterator[Chunk]:
    """Yield the deltas of all events."""
    self.moved = False
    for event in self._sse.feed(data):
        if not self.ended:
            self._read(event.data)
            yield from self._deltas()


AnswerReader.feed = feed


class Handler(Example):
    """Reads events so."""
