"""The example handler, but a fine-tuned model is taken for one of GPT-4's.

Public bug: D11, ft:gpt-4o gets the encoding of gpt-4 (https://github.com/openai/tiktoken/pull/329).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Reads a name from its beginning."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if model.startswith("ft:gpt-4"):
            model = "gpt-4"
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
