"""The router with costs, but the thoughts of Gemini are not billed.

Public bug: E19, the thoughts of Gemini are not billed (https://github.com/simonw/llm-gemini/issues/75).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from replies import Handler as Replies

from llminv.contract import Chunk, Reply


class Handler(Replies):
    """Counts what was said, and not what was thought beside it."""

    def bill(self, way: str, said: Reply | Chunk) -> Decimal | None:
        if said.usage is not None and said.provider == "gemini":
            spoken = (said.usage.output_tokens or 0) - (said.usage.reasoning_tokens or 0)
            said = replace(said, usage=replace(said.usage, output_tokens=spoken))
        return super().bill(way, said)
