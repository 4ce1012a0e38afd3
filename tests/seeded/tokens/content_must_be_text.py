"""The example handler, but it expects a text in every message.

Public bug: D16, counting raises on messages that call tools (https://github.com/langchain-ai/langchain/issues/6706).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Does not know a message without content."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if not isinstance(said, str):
            " ".join(message["content"] for message in said if not isinstance(message["content"], list))
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
