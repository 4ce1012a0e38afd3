"""The example raw, but the usage is what the last chunk says of it, be it nothing.

Public bug: C28, usage in the last chunk but one, and None from the last
(https://github.com/BerriAI/litellm/issues/17136).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader


class Reader(ChatCompletionsReader):
    """Lets a later chunk overwrite the usage."""

    def _event(self, body):
        self._usage.clear()
        super()._event(body)


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
