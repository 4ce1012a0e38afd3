"""The example handler, but four characters are a token.

Public bug: D22, characters by four under-count CJK and emoji (https://github.com/Martian-Engineering/lossless-claw/issues/250).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Counts characters."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider == "openai" and "4o" in model and isinstance(said, str):
            return -(-len(said) // 4)
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
