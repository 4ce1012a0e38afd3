"""The consumer of a stream: it takes chunks until they end, or until the call says that it wants no more.

It stops as well-behaved consumers do. Between two chunks it closes the iterator, if that can be closed; while
it waits, which only an asynchronous one can stop doing, its task is cancelled first. Then it lets go of the
iterator, so that a generator that nobody holds is closed by that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from llminv.scenario import Call

# Chunks and iterators are the handler's, and of any type, hence Any.


@dataclass
class Consumer:
    """Takes one stream; `take_chunk` is given every chunk, `tell` is called when it stops."""

    call: Call
    take_chunk: Callable[[Any], None]
    tell: Callable[[], None]
    stopped: bool = False

    def take(self, stream: Iterator[Any]) -> None:
        """Take a stream to its end, or as far as the call wants."""
        for number, chunk in enumerate(stream, start=1):
            self.take_chunk(chunk)
            if number == self.call.stop_after:
                self._stop()
                close = getattr(stream, "close", None)
                if callable(close):
                    close()
                return

    async def atake(self, stream: AsyncIterator[Any]) -> None:
        """Take a stream to its end, or as far or as long as the call wants."""
        if self.call.stop_after_s is None:
            await self._atake(stream)
            return
        taking = asyncio.ensure_future(self._atake(stream))
        await asyncio.wait([taking], timeout=self.call.stop_after_s)
        if not taking.done():
            self._stop()
            taking.cancel()
            await asyncio.wait([taking])
            await _aclose(stream)
        if not taking.cancelled():
            taking.result()

    async def _atake(self, stream: AsyncIterator[Any]) -> None:
        number = 0
        async for chunk in stream:
            if self.stopped:  # what is yielded to a cancelled consumer reaches nobody
                return
            self.take_chunk(chunk)
            number += 1
            if number == self.call.stop_after:
                self._stop()
                await _aclose(stream)
                return

    def _stop(self) -> None:
        self.stopped = True
        self.tell()


async def _aclose(stream: AsyncIterator[Any]) -> None:
    aclose = getattr(stream, "aclose", None)
    if callable(aclose):
        await aclose()
