"""The example handler, but Claude's tokens are counted with the tokenizer of an old GPT.

Public bug: D10, Claude is counted with a GPT tokenizer (https://github.com/AgentOps-AI/tokencost/issues/83).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Asks nobody."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider == "anthropic":
            provider, model = "openai", "gpt-4"
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
