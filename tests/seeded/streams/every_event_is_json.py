"""The raw example, but what has a name is an event, and its data JSON, also where it has none.

Public bug: C17, what keeps a connection alive crashes the client
(https://github.com/coder/coder/issues/28185).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import Iterator

from raw.answer import AnswerReader
from raw.handler import Handler as Example
from raw.sse import Event, SSEReader

from llminv.contract import Chunk


def dispatch(self: SSEReader) -> Event | None:
    """Return the event that an empty line ends."""
    event = Event(self._name, "\n".join(self._data)) if self._name or self._data else None
    self._name = ""
    self._data.clear()
    return event


def feed(self: AnswerReader, data: bytes) -> Iterator[Chunk]:
    """Yield the deltas of all events."""
    self.moved = False
    for event in self._sse.feed(data):
        if not self.ended:
            self._read(event.data)
            yield from self._deltas()


SSEReader._dispatch = dispatch
AnswerReader.feed = feed


class Handler(Example):
    """Reads events so."""
