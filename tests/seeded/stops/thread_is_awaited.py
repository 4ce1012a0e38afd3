"""The example raw, read by a thread of its own, whose end is waited for whoever still listens.

Public bug: lm-proxy#88, a stream that is cancelled waits for the task that asks the provider, and does not
cancel it (https://github.com/Nayjest/lm-proxy/issues/88).
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler

from llminv.contract import Chunk, Request


class Handler(handler.Handler):
    """Streams over a queue; an error in it is that of the thread."""

    astream = None

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield what the thread reads."""
        chunks: queue.Queue[Chunk | Exception | None] = queue.Queue()
        thread = threading.Thread(target=self._read, args=(super().stream(request), chunks))
        thread.start()
        try:
            while (chunk := chunks.get()) is not None:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            thread.join()

    def _read(self, said: Iterator[Chunk], chunks: queue.Queue[Chunk | Exception | None]) -> None:
        try:
            for chunk in said:
                chunks.put(chunk)
            chunks.put(None)
        except Exception as error:
            chunks.put(error)
