"""The example handler, but messages are counted for the models of its day only.

Public bug: D17, counting messages raises for models beyond gpt-3.5 and gpt-4 (https://github.com/langchain-ai/langchain/pull/36675).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Has a list of names."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider == "openai" and not isinstance(said, str) and model not in ("gpt-3.5-turbo", "gpt-4"):
            raise NotImplementedError(f"how messages are counted for {model} is not known")
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
