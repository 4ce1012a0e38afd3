"""The example raw, but the arguments of a call are read where a tool takes none and the text is empty.

Public bug: langchain#27602, json.loads("") where a tool takes no arguments
(https://github.com/langchain-ai/langchain/issues/27602, https://github.com/simonw/llm/issues/1164).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader
from raw.errors import ProviderError
from raw.policy import FaultClass


class Reader(ChatCompletionsReader):
    """Takes arguments that are no JSON for a broken answer."""

    def end(self):
        try:
            for call in self._calls:
                json.loads("".join(call.arguments))
        except ValueError:
            raise ProviderError(FaultClass.MALFORMED, "arguments are no JSON") from None
        return super().end()


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
