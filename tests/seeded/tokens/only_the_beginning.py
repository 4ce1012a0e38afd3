"""The example handler, but a long text is counted up to a limit.

Public bug: D24, a tokenizer that truncates counts no further (https://github.com/jamie8johnson/cqs/pull/1384).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example

CHARACTERS_MAX = 4_000


class Handler(Example):
    """Counts the beginning of a text."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if isinstance(said, str):
            said = said[:CHARACTERS_MAX]
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
