"""The raw example, but where a stream of Chat Completions just ends, its last chunk is made up.

Public bug: C2, the end of the body without a finish reason is reported as stop, with an invented usage
(https://github.com/BerriAI/litellm/issues/40260).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from collections.abc import Iterator

from raw import handler
from raw.chat_completions import ChatCompletionsReader

from llminv.contract import Chunk


class Inventive(ChatCompletionsReader):
    """Knows how an answer ends."""

    def end(self) -> Iterator[Chunk]:
        """Yield the last chunk, whether there was one or not."""
        if self._finish is None:
            self._finish, self._usage = "stop", {"prompt_tokens": 0, "completion_tokens": 0}
        yield from super().end()


class Handler(handler.Handler):
    """Reads OpenAI so."""


handler.CHAIN = (handler.CHAIN[0]._replace(reader=Inventive), *handler.CHAIN[1:])
