"""The example raw, but an index that is there decides to which call a fragment belongs.

Public bug: C22, all calls of tools have index 0, and their arguments are joined to one
(https://github.com/BerriAI/litellm/issues/33678).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.chat_completions import ChatCompletionsReader


class Reader(ChatCompletionsReader):
    """Looks at an id only where there is no index."""

    def _fragment(self, fragment):
        known = fragment.get("index") in self._by_index
        super()._fragment(fragment | {"id": None} if known and "index" in fragment else fragment)


class Handler(handler.Handler):
    """Reads OpenAI and DeepSeek in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is ChatCompletionsReader else row
            for row in handler.CHAIN
        )
        super().__init__()
