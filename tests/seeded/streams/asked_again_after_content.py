"""The raw example, but a stream that breaks behind its first content is asked for again.

Public bug: C31, a retry after partial output repeats the text
(https://github.com/HKUDS/nanobot/issues/4038).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import AsyncGenerator, Callable

from raw.errors import StreamInterrupted
from raw.handler import Handler as Example
from raw.router import Chunks
from raw.wire import Wire

from llminv.contract import Chunk, Request


class Handler(Example):
    """Issues the whole request anew."""

    def _chunks(self, request: Request, wire: Wire, *, whole: bool = False) -> Chunks:
        def begin() -> Chunks:
            return super(Handler, self)._chunks(request, wire, whole=whole)

        return again(begin)


async def again(begin: Callable[[], Chunks]) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks, and once more where they break off."""
    try:
        async for chunk in begin():
            yield chunk
    except StreamInterrupted:
        async for chunk in begin():
            yield chunk
