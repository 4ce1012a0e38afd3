"""The HTTP client that all three SDKs are given: time is bounded and errors are seen alike everywhere."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx2

from byok.events import PlainEvents
from byok.faults import status_inside
from byok.policy import CONNECT_S, FIRST_TOKEN_S, IDLE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

_closer: ContextVar[contextlib.AsyncExitStack | None] = ContextVar("closer", default=None)


@contextlib.contextmanager
def closed_by(exits: contextlib.AsyncExitStack) -> Iterator[None]:
    """Let `exits` close the streams that are opened within, for an SDK that lets nobody close them."""
    token = _closer.set(exits)
    try:
        yield
    finally:
        _closer.reset(token)


class BoundedClient(httpx2.AsyncClient):
    """A client that gives up on a connection after 5 s, on headers 20 s later, on a read after 20 s.

    httpx2's own read timeout starts anew with every byte, so a provider that drips its headers would
    hold an attempt for as long as it likes; and google-genai turns the timeouts of its client off. So
    connecting and waiting for headers are timed here, whatever timeout an SDK asks for.

    google-genai would use aiohttp wherever that is installed, with neither of these bounds and with a
    retry of its own on connection errors. Given this client it does not.

    An error inside a response with status 200 gets the status that it ought to have had, so that the SDKs
    raise it as they raise others. A stream is passed on in plain events, and what breaks it, be it an error
    among them, comes out of the SDKs as the ProviderError that it is.

    Redirects are not followed: no API of these providers sends any, and the next host would get the key.
    """

    connect_s = CONNECT_S
    first_token_s = FIRST_TOKEN_S
    idle_s = IDLE_S

    def __init__(self) -> None:
        # How many calls run at once is for the caller to limit: waiting for a free connection would
        # look like a provider that does not answer.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
        super().__init__(follow_redirects=False, limits=limits, timeout=None)

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send as httpx2 does (`options` are its own); raise its timeout errors, as the SDKs expect."""
        loop = asyncio.get_running_loop()
        sending = False

        async def traced(event: str, _: object) -> None:
            nonlocal sending
            if event.endswith(".send_request_headers.started"):
                sending = True
                deadline.reschedule(loop.time() + self.first_token_s)

        request.extensions = {
            **request.extensions,
            "timeout": {"read": self.idle_s, "write": self.idle_s},
            "trace": traced,
        }
        try:
            async with asyncio.timeout(self.connect_s) as deadline:
                response = await super().send(request, stream=True, **options)
        except TimeoutError as error:
            if sending:
                raise httpx2.ReadTimeout("no response headers in time", request=request) from error
            raise httpx2.ConnectTimeout("no connection in time", request=request) from error
        closer = _closer.get()
        if stream and closer is not None:
            closer.push_async_callback(response.aclose)
        if stream and response.status_code == httpx2.codes.OK:
            return _plain(response)
        if not stream:
            try:
                await response.aread()
            except BaseException:
                await response.aclose()
                raise
            if response.status_code == httpx2.codes.OK:
                response.status_code = status_inside(response.content) or httpx2.codes.OK
        return response


def _plain(response: httpx2.Response) -> httpx2.Response:
    """Return the response with its body, decoded, as plain events."""
    of_the_body = ("content-encoding", "content-length", "transfer-encoding")
    headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in of_the_body]
    return httpx2.Response(
        response.status_code,
        headers=headers,
        stream=PlainEvents(response),
        request=response.request,
        extensions=response.extensions,
    )
