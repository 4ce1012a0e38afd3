"""Server-sent events on their way to an SDK: read by the standard, passed on in a form that all SDKs read.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

Each of the three SDKs has a reader of its own. OpenAI's takes an event without data for one with an answer,
google-genai's takes a comment for a part of one and knows no field without a space behind its colon. So none
of them is given what is not an event with data, and what is looks the same to all.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator

import anyio
import httpx2

from byok.faults import fault_inside, transport_fault

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# `id` and `retry` serve a reconnection, which no API of these providers offers.
_SKIPPED = (b"id", b"retry")


class EventReader:
    """Bytes in, events out, whole and each in the same form, however the network cut them."""

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the pieces of a line that has not ended
        self._started = False
        self._after_cr = False
        self._name = b""
        self._data: list[bytes] = []
        self._unframed: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the events that `data` completes; raise ProviderError for one that is an error."""
        for line in self._lines(data):
            if line:
                self._take(line)
                continue
            if b"".join(self._data).strip():
                yield self._event()
            self._name, self._data, self._unframed = b"", [], []

    def end(self) -> Iterator[bytes]:
        """Yield what stands at the end in no frame, if it is JSON; raise ProviderError for an error.

        So Gemini reports errors, and refuses a prompt. Half an event, or a page of HTML, says nothing.
        """
        self._name, self._data = b"", [*self._unframed, b"".join(self._line)]
        try:
            json.loads(b"\n".join(self._data))
        except ValueError:
            return
        yield self._event()

    def _lines(self, data: bytes) -> Iterator[bytes]:
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]  # the second half of a CR LF whose first half ended a line
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        *ended, rest = _LINE_END.split(data)
        for piece in ended:
            line = b"".join([*self._line, piece])
            self._line.clear()
            yield line if self._started else line.removeprefix(_BYTE_ORDER_MARK)
            self._started = True
        if rest:
            self._line.append(rest)

    def _take(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")  # one space, no more
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value
        elif field and field not in _SKIPPED:  # a line with nothing before its colon is a comment
            self._unframed.append(line)

    def _event(self) -> bytes:
        self._check(b"\n".join(self._data))
        lines = [b"event: " + self._name] if self._name else []
        return b"\n".join([*lines, *(b"data: " + line for line in self._data), b"", b""])

    def _check(self, data: bytes) -> None:
        fault = fault_inside(data) if b'"error"' in data else None
        if fault is not None:
            raise fault


class PlainEvents(httpx2.AsyncByteStream):
    """The body of a response with its events in plain form; raises ProviderError and nothing else."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._body = self._events()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the one iterator: who comes back for the rest gets the rest."""
        return self._body

    async def aclose(self) -> None:
        """Close the response; if it was not read to its end, that closes its connection."""
        await self._response.aclose()

    async def _events(self) -> AsyncIterator[bytes]:
        reader = EventReader()
        try:
            async for data in self._response.aiter_bytes():
                for event in reader.feed(data):
                    yield event
        except (httpx2.RequestError, anyio.EndOfStream, OSError) as error:  # httpx2 leaks the last two
            raise transport_fault(error) from error
        for event in reader.end():
            yield event
