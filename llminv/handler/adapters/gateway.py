"""Any gateway that speaks OpenAI's Chat Completions, by its address: `gateway:http://127.0.0.1:4000/v1`.

The gateway is a process of its own, in any language, that was configured before: its providers are at the
declared base URLs, addresses of this machine, with the keys and the models that `llminv serve
--print-config` prints. Each request names as its model the provider to start with. For a gateway that wants
another model, or headers, a file of JSON has them, named behind a `#` in the address:
{"model": "gpt-4o-mini", "headers": {"x-portkey-config": "..."}}.

https://platform.openai.com/docs/api-reference/chat says what goes out and what comes back.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from llminv.contract import Chunk, Reply, Request, World
from llminv.errors import HandlerError
from llminv.handler.adapters.chat_shape import STREAMED, asked, chunks_of, reply_of

# How long to wait for a connection; for answers there is no limit but the run's.
CONNECT_LIMIT_S = 10.0
PIECE_BYTES = 65_536
# Of what is no answer, so much is quoted.
QUOTED_CHARACTERS_MAX = 500
_FIELDS = {"model": str, "headers": dict}


class GatewayError(Exception):
    """The gateway answered with an error, or with what is no answer."""


class _Shape(dict[str, Any]):
    """A JSON object as SDKs show it: by attributes, None for what is not there."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


class Handler:
    """POST {url}/chat/completions, whole or streamed."""

    def __init__(self, address: str, world: World) -> None:
        url, _, file = address.partition("#")
        self.place, base = _place(url)
        self.path = base + "/chat/completions"
        options = _options(file) if file else {}
        self.headers = {"content-type": "application/json", **options.get("headers", {})}
        self.model = options.get("model")
        self.first = world.policy["chain"][0]
        try:
            socket.create_connection(self.place, CONNECT_LIMIT_S).close()
        except OSError as error:
            raise HandlerError(
                f"no gateway answers at {url}: {error.strerror or error}",
                "start it first, with what `llminv serve --print-config` prints for it",
            ) from None

    def complete(self, request: Request) -> Reply:
        with self._answer(request, {}) as answer:
            data = answer.read()
            said = _read(data)
            if not said.choices:
                raise GatewayError(_quoted(data))
            return reply_of(said, None)

    def stream(self, request: Request) -> Iterator[Chunk]:
        with self._answer(request, STREAMED) as answer:
            for data in _events(answer):
                if data != b"[DONE]":
                    yield from chunks_of(_read(data), None)

    @contextlib.contextmanager
    def _answer(self, request: Request, extra: Mapping[str, Any]) -> Iterator[http.client.HTTPResponse]:
        body = {"model": self.model or request.start or self.first, **asked(request), **extra}
        connection = http.client.HTTPConnection(*self.place, timeout=CONNECT_LIMIT_S)
        with contextlib.closing(connection):
            connection.connect()
            connection.sock.settimeout(None)
            connection.request("POST", self.path, json.dumps(body).encode(), self.headers)
            with connection.getresponse() as answer:
                if answer.status != http.HTTPStatus.OK:
                    raise GatewayError(f"HTTP {answer.status}: {_quoted(answer.read())}")
                yield answer


def _place(url: str) -> tuple[tuple[str, int], str]:
    """Return host and port, and the path, of a gateway."""
    try:
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or http.client.HTTP_PORT)
    except ValueError:
        place = ("", 0)
    if not place[0] or parts.scheme != "http":
        raise HandlerError(f"{url!r} is not the address of a gateway", "write gateway:http://HOST:PORT/v1")
    return place, parts.path.rstrip("/")


def _options(file: str) -> dict[str, Any]:
    """Return what the file says goes with each request (Any: JSON)."""
    try:
        options = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise HandlerError(f"{file}: {error}", "`llminv serve --print-config portkey` prints one") from None
    allowed = " and ".join(f"{name!r}" for name in _FIELDS)
    if not isinstance(options, dict) or not options.keys() <= _FIELDS.keys():
        raise HandlerError(f"{file}: expected an object of JSON with nothing but {allowed}")
    for name, value in options.items():
        if not isinstance(value, _FIELDS[name]):
            raise HandlerError(f"{file}: {name}: expected {_FIELDS[name].__name__}, found {value!r}")
    return options


def _events(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the data of each event of a stream.

    https://html.spec.whatwg.org/multipage/server-sent-events.html; all gateways send one line of data each.
    """
    rest = b""
    # Not readline: it takes a chunked body that breaks off for one that ends.
    while piece := answer.read1(PIECE_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            field, _, data = line.rstrip(b"\r").partition(b":")
            if field == b"data":
                yield data.strip()


def _read(data: bytes) -> Any:
    """Return an answer or an event of a stream; raise GatewayError for what is none (Any: JSON)."""
    try:
        value = json.loads(data, object_hook=_Shape)
    except ValueError:
        value = None
    if not isinstance(value, _Shape) or value.error or not isinstance(value.choices, list):
        raise GatewayError(_quoted(data))
    return value


def _quoted(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:QUOTED_CHARACTERS_MAX]
