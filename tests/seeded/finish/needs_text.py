"""The example raw, but the text of an answer is stripped where a model calls a tool and says nothing.

Public bug: OpenHands#5307, `content` is null where there is nothing but a call
(https://github.com/All-Hands-AI/OpenHands/issues/5307, https://github.com/NousResearch/hermes-agent/issues/276).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader


class Reader(ChatCompletionsReader):
    """Has no text to strip where none came."""

    said = None

    def _say(self, value):
        self.said = value or self.said
        super()._say(value)

    def end(self):
        if self._calls:
            self.said.rstrip()
        return super().end()


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
