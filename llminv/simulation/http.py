"""HTTP/1.1 bytes on the provider's side, without any input or output.

`RequestParser` is fed what the handler sent and returns whole requests; `Response` becomes bytes. Both
transports, in-process and loopback, use these. Only what the clients of this world send is understood:
Content-Length and chunked bodies; anything else is `BadRequestError`, which a provider answers with 400.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

HEAD_BYTES_MAX = 65_536
BODY_BYTES_MAX = 64 * 1024 * 1024
REASONS = {status.value: status.phrase for status in HTTPStatus} | {529: "Overloaded"}


class BadRequestError(ValueError):
    """What was received is not an HTTP/1.1 request."""


@dataclass(frozen=True)
class HttpRequest:
    """A request as received; header names are lower case, in the order sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first header called `name` (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    @cached_property
    def json(self) -> Any:
        """The body as JSON (Any: what JSON holds), or None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Response:
    """A whole response; Content-Length is added when it is turned into bytes."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def head(self, *extra: tuple[str, str]) -> bytes:
        """Return status line and headers, the empty line included."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *extra)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def encode(self) -> bytes:
        """Return the response as it goes over the wire."""
        return self.head(("content-length", str(len(self.body)))) + self.body


class RequestParser:
    """Collects bytes of one connection and cuts whole requests off their front."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[HttpRequest]:
        """Return the requests that `data` completes; raise BadRequestError for what is none."""
        self._buffer += data
        requests = []
        while (request := self._next()) is not None:
            requests.append(request)
        return requests

    def _next(self) -> HttpRequest | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise BadRequestError("the head is too long")
            return None
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequestError("the request line is not one")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequestError("a header line is not one")
            headers.append((name.lower(), value.strip()))
        found = self._body(end + 4, dict(headers))
        if found is None:
            return None
        body, after = found
        del self._buffer[:after]
        return HttpRequest(parts[0], parts[1], tuple(headers), body)

    def _body(self, start: int, headers: dict[str, str]) -> tuple[bytes, int] | None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks(start)
        text = headers.get("content-length", "0")
        if not text.isascii() or not text.isdigit() or int(text) > BODY_BYTES_MAX:
            raise BadRequestError("Content-Length is not a length")
        end = start + int(text)
        return (bytes(self._buffer[start:end]), end) if len(self._buffer) >= end else None

    def _chunks(self, position: int) -> tuple[bytes, int] | None:
        body = bytearray()
        while True:
            line_end = self._buffer.find(b"\r\n", position)
            if line_end < 0:
                return None
            size_text = bytes(self._buffer[position:line_end]).partition(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise BadRequestError("a chunk size is not a number") from None
            if size < 0 or len(body) + size > BODY_BYTES_MAX:
                raise BadRequestError("a chunk size is not a size")
            start, end = line_end + 2, line_end + 2 + size
            if len(self._buffer) < end + 2:
                return None
            if size == 0:
                return bytes(body), end + 2
            body += self._buffer[start:end]
            position = end + 2


def gzipped(pieces: Sequence[bytes]) -> list[bytes]:
    """Return the pieces of a body compressed as one, so that each can be read as soon as it is there."""
    compressor = zlib.compressobj(wbits=31)
    packed = [compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*packed[:-1], packed[-1] + compressor.flush()] if packed else []
