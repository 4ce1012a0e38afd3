"""The example handler, but OpenAI's texts are encoded whole, however long.

Public bug: D14, a very long run overflows the stack of the tokenizer (https://github.com/openai/tiktoken/issues/15).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok import tokens
from byok.handler import Handler as Example


class Handler(Example):
    """Raises what no `except Exception` sees."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider == "openai" and isinstance(said, str):
            return len(tokens._encoding("o200k_base").encode_ordinary(said))
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
