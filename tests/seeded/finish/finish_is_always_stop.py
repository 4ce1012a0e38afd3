"""The example raw, but answers in OpenAI's format end for one reason alone.

Public bug: C25, the finish reason is the constant stop
(https://github.com/cloudflare/ai/pull/390).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader


class Reader(ChatCompletionsReader):
    """Looks whether there is a reason, and not at it."""

    def _finished(self, reason):
        super()._finished("stop" if reason else None)


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
