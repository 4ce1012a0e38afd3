"""The example handler, but OpenAI's texts are encoded with special tokens disallowed.

Public bug: D7, counting fails on <|fim_prefix|> (https://github.com/Aider-AI/aider/issues/4741).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok import tokens
from byok.handler import Handler as Example


class Handler(Example):
    """Raises for a text that people do write."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider == "openai" and isinstance(said, str):
            return len(tokens._encoding("o200k_base").encode(said))
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
