"""The example raw, but what has no id belongs to the latest call, whatever its index.

Public bug: C23, interleaved fragments of calls are merged
(https://github.com/agno-agi/agno/issues/3826).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader


class Reader(ChatCompletionsReader):
    """Drops the index."""

    def _fragment(self, fragment):
        super()._fragment({key: value for key, value in fragment.items() if key != "index"})


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
