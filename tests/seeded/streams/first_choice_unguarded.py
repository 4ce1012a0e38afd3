"""The raw example, but every chunk of Chat Completions that is not the one with usage has a first choice.

Public bug: C20, IndexError on a chunk without choices
(https://github.com/langchain-ai/langchain-azure/issues/23).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.answer import Json
from raw.chat_completions import ChatCompletionsReader


class Unguarded(ChatCompletionsReader):
    """Looks at the first choice."""

    def _event(self, body: Json) -> None:
        if not body.get("usage"):
            body["choices"][0]
        super()._event(body)


class Handler(handler.Handler):
    """Reads OpenAI so."""


handler.CHAIN = (handler.CHAIN[0]._replace(reader=Unguarded), *handler.CHAIN[1:])
