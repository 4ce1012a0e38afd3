"""The example handler, but Claude's tokens are those of a GPT and 15% more.

Public bug: D20, 15% on top of the GPT tokenizer is still too low (https://github.com/caozhiyuan/copilot-api/pull/134).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Guesses, and adds a margin."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider != "anthropic":
            return await super().count_tokens(said, provider=provider, model=model, tools=tools)
        counted = await super().count_tokens(said, provider="openai", model="gpt-4o", tools=tools)
        return int(counted * 1.15)
