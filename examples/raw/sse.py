"""Server-sent events, sans-IO: bytes in, events out, as the WHATWG standard parses them.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

Nothing here waits, and nothing here raises: how the network cut the bytes must not matter, and no bytes
are an error. Two things that the standard drops are kept for the caller, who has to tell a finished
answer from a broken one: see `SSEReader.unframed`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

# These three end a line and nothing else does. `str.splitlines` also knows U+2028, U+2029 and U+0085, which
# JSON may hold unescaped: it would cut an event in the middle of a text.
_LINE_END = re.compile("\r\n|\n|\r")
# `id` and `retry` serve a reconnection, which no provider of completions offers: known, and skipped.
_FIELDS = frozenset({"data", "event", "id", "retry"})
_UTF8 = codecs.getincrementaldecoder("utf-8-sig")  # takes a byte order mark away from the start


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event; its data may be empty."""

    name: str
    data: str


class SSEReader:
    """Reads one stream. Feed it bytes as they come; an event is out with the byte that completes it."""

    def __init__(self) -> None:
        # A character may be cut anywhere, so bytes are decoded across reads; "replace" is the standard's
        # "UTF-8 decode".
        self._decoder = _UTF8("replace")
        self._after_cr = False
        self._line: list[str] = []  # the pieces of a line that has not ended
        self._name = ""
        self._data: list[str] = []
        self._unframed: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes; what is left waits for more."""
        return [event for line in self._lines(data) if (event := self._take(line)) is not None]

    @property
    def unframed(self) -> str:
        """What stands behind the last event and is in no field: the end of the stream need not be an event.

        The standard ignores such lines, and the last one if nothing ended it. But Gemini reports an error
        inside a stream as bare JSON, and a gateway may answer with a page of HTML.
        """
        return "\n".join([*self._unframed, "".join(self._line)])

    def _lines(self, data: bytes) -> Iterator[str]:
        text = self._decoder.decode(data)
        if self._after_cr and text.startswith("\n"):
            text = text[1:]  # the second half of a CR LF whose first half ended a line in an earlier read
            self._after_cr = False
        if text:
            self._after_cr = text.endswith("\r")
        *ended, rest = _LINE_END.split(text)
        for line in ended:
            yield "".join([*self._line, line])
            self._line.clear()
        if rest:
            self._line.append(rest)

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")  # one space, no more
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field and field not in _FIELDS:  # a line with nothing before the colon is a comment
            self._unframed.append(line)
        return None

    def _dispatch(self) -> Event | None:
        """Return the event that an empty line ends; without a line of data there is none."""
        event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
        self._name = ""
        self._data.clear()
        self._unframed.clear()
        return event
