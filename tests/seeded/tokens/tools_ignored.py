"""The example handler, but tools are not counted.

Public bug: D5, tools and tool_choice are not counted (https://github.com/BerriAI/litellm/pull/4716).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Counts the messages only."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        return await super().count_tokens(said, provider=provider, model=model)
