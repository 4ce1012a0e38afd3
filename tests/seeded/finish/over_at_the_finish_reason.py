"""The example raw, but a stream is over with its finish reason, and usage counts from 0.

Public bug: C29, usage that follows the finish reason is lost, tokens and cost are 0
(https://github.com/agentjido/req_llm/issues/781).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader


class Reader(ChatCompletionsReader):
    """Reads no further than the finish reason."""

    def _finished(self, reason):
        super()._finished(reason)
        self.ended = self.ended or bool(reason)

    def end(self):
        self._usage = {"prompt_tokens": 0, "completion_tokens": 0} | self._usage
        return super().end()


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
