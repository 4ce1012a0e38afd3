"""The only I/O: one HTTP exchange at a time, asynchronous or blocking, with its time limits kept exactly.

Both wires have the same coroutine methods. Those of `BlockingWire` block where the others wait: they never
suspend, so that `run` can run whatever is built on them without an event loop. That is all the difference
between the two sides of the handler.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from raw.blocking import within
from raw.errors import ProviderError
from raw.policy import CONNECT_S, FIRST_TOKEN_S, IDLE_S, FaultClass
from raw.request import Post

T = TypeVar("T")
# The wires bound all but connecting. How many calls run at once is for the caller to limit: waiting for a
# free connection would look like a provider that does not answer.
TIMEOUT = httpx.Timeout(None, connect=CONNECT_S)
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100)


class Wire(ABC):
    """One exchange after the other: `begin`, `send`, `read` until nothing comes, `close`.

    `send` and `read` raise ProviderError. Only the time that they take is counted, not what a slow consumer
    of the answer takes between two reads.
    """

    def begin(self, limit_s: float) -> None:
        """Begin an attempt, which may last `limit_s`."""
        self._left_s, self._idle_left_s = limit_s, FIRST_TOKEN_S

    def moved(self) -> None:
        """Note that the answer has come forward: until it does so again, it has as long as it may be idle."""
        self._idle_left_s = IDLE_S

    @contextmanager
    def _waiting(self) -> Iterator[float]:
        """Count the time within; give how long it may take, and turn what httpx raises into a fault."""
        started_s = time.monotonic()
        try:
            yield min(self._left_s, self._idle_left_s)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise ProviderError(FaultClass.TIMEOUT, type(error).__name__) from error
        except httpx.DecodingError as error:
            raise ProviderError(FaultClass.MALFORMED, type(error).__name__) from error
        except httpx.RequestError as error:
            raise ProviderError(FaultClass.UNAVAILABLE, type(error).__name__) from error
        finally:
            spent_s = time.monotonic() - started_s
            self._left_s -= spent_s
            self._idle_left_s -= spent_s

    @abstractmethod
    async def send(self, post: Post) -> tuple[int, Mapping[str, str]]:
        """Send a request; return the status and the headers of the response."""

    @abstractmethod
    async def read(self) -> bytes:
        """Return the next bytes of the body, b"" at its end."""

    @abstractmethod
    async def pause(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    async def close(self) -> None:
        """End the exchange; a response that was not read to its end takes its connection along."""


class AsyncWire(Wire):
    """Over asyncio."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._body: AsyncIterator[bytes]

    async def send(self, post: Post) -> tuple[int, Mapping[str, str]]:
        """See `Wire`."""
        request = self._client.build_request("POST", post.url, headers=post.headers, content=post.body)
        with self._waiting() as limit_s:
            async with asyncio.timeout(limit_s):
                self._response = await self._client.send(request, stream=True)
        self._body = self._response.aiter_bytes()
        return self._response.status_code, self._response.headers

    async def read(self) -> bytes:
        """See `Wire`."""
        with self._waiting() as limit_s:
            async with asyncio.timeout(limit_s):
                return await anext(self._body, b"")

    async def pause(self, seconds: float) -> None:
        """See `Wire`."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """See `Wire`."""
        if self._response is not None:
            await self._response.aclose()


class BlockingWire(Wire):
    """Over blocking sockets; the client must have the transport of blocking.py, which knows `until`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._body: Iterator[bytes]

    async def send(self, post: Post) -> tuple[int, Mapping[str, str]]:
        """See `Wire`."""
        request = self._client.build_request("POST", post.url, headers=post.headers, content=post.body)
        with self._waiting() as limit_s, within(limit_s):
            self._response = self._client.send(request, stream=True)
        self._body = self._response.iter_bytes()
        return self._response.status_code, self._response.headers

    async def read(self) -> bytes:
        """See `Wire`."""
        with self._waiting() as limit_s, within(limit_s):
            return next(self._body, b"")

    async def pause(self, seconds: float) -> None:
        """See `Wire`."""
        time.sleep(seconds)  # noqa: ASYNC251 - blocking is what it is for

    async def close(self) -> None:
        """See `Wire`."""
        if self._response is not None:
            self._response.close()


def run(steps: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that awaits nothing but a BlockingWire; Any: what else it could await never comes."""
    try:
        steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a coroutine that needs an event loop")
