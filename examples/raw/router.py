"""Every decision of a call: who is asked, for how long, and what follows from a failure.

Written once, over a `Wire`, for all four operations. They differ in who has seen what. A stream hands out
each delta as it comes, so that a failure behind the first can only be reported. A whole answer is held until
it is complete, and up to there every failure can move on to the next provider.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from llminv.contract import Chunk
from raw import policy
from raw.answer import AnswerReader
from raw.errors import NoProviderAvailable, ProviderError, RequestRefusedError, StreamInterrupted
from raw.faults import status_fault
from raw.request import Post
from raw.wire import Wire

logger = logging.getLogger("raw")

ERROR_BYTES_MAX = 64 * 1024
# How long to wait for the end of a body whose last event is there: once it is read, the connection can serve
# the next call, and need not be made again.
REST_S = 0.25

Chunks = AsyncGenerator[Chunk, None]


@dataclass(frozen=True)
class Provider:
    """A provider on the route of a call: how it is asked, and what reads its answer."""

    name: str
    post: Post
    reader: Callable[[str], AnswerReader]


async def routed(route: Sequence[Provider], wire: Wire, *, whole: bool) -> Chunks:
    """Yield the answer of the first provider that gives one, all of it at once if `whole`.

    Raises NoProviderAvailable, RequestRefusedError or StreamInterrupted.
    """
    ends_at_s = time.monotonic() + policy.TOTAL_S
    attempts: list[ProviderError] = []
    for provider in route:
        for retry in range(policy.RETRIES_MAX + 1):
            left_s = ends_at_s - time.monotonic()
            if left_s <= 0:
                break
            begun = False
            answer = _attempt(provider, wire, min(policy.ATTEMPT_S, left_s))
            try:
                async with contextlib.aclosing(_held(answer) if whole else answer) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
            except ProviderError as error:
                error.provider = provider.name
                attempts.append(error)
                logger.warning("attempt failed: %s: %s", provider.name, error)
                if begun:
                    raise StreamInterrupted(attempts) from error
                if error.fault_class in policy.RAISED:
                    raise RequestRefusedError(attempts) from error
                pause_s = policy.pause_s(error.fault_class, retry, error.retry_after_s)
            else:
                return
            if pause_s is None or time.monotonic() + pause_s >= ends_at_s:
                break
            await wire.pause(pause_s)
    raise NoProviderAvailable(attempts) from (attempts[-1] if attempts else None)


async def _held(chunks: Chunks) -> Chunks:
    async with contextlib.aclosing(chunks):
        held = [chunk async for chunk in chunks]
    for chunk in held:
        yield chunk


async def _attempt(provider: Provider, wire: Wire, limit_s: float) -> Chunks:
    """Yield the answer of one attempt; raise ProviderError where there is none, or not the whole of it.

    However it ends, be it that the consumer wants no more, the exchange is closed then and there.
    """
    reader = provider.reader(provider.name)
    wire.begin(limit_s)
    try:
        status, headers = await wire.send(provider.post)
        if status >= 300:
            raise status_fault(status, headers, await _error_text(wire))
        while not reader.ended:
            try:
                data = await wire.read()
            except ProviderError:
                if not reader.complete:
                    raise
                break  # nothing was missing but, perhaps, the usage
            if not data:
                break
            for chunk in reader.feed(data):
                yield chunk
            if reader.moved:
                wire.moved()
        for chunk in reader.end():
            yield chunk
        wire.begin(REST_S)
        with contextlib.suppress(ProviderError):
            await wire.read()
    finally:
        await wire.close()


async def _error_text(wire: Wire) -> str:
    """Return the body of an error as far as it comes: the status alone says what to do."""
    body = b""
    with contextlib.suppress(ProviderError):
        while len(body) < ERROR_BYTES_MAX and (data := await wire.read()):
            body += data
    return body.decode("utf-8", "replace")
