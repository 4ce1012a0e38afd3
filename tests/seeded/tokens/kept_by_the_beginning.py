"""The example handler, but what it has counted it keeps by how the text begins.

Public bug: D25, counts are kept under a key that others share (https://github.com/Gitlawb/openclaude/pull/800).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example

KEY_CHARACTERS = 200


class Handler(Example):
    """Counts texts that begin alike once."""

    def __init__(self):
        super().__init__()
        self._kept = {}

    async def count_tokens(self, said, *, provider, model, tools=()):
        if not isinstance(said, str):
            return await super().count_tokens(said, provider=provider, model=model, tools=tools)
        key = provider, model, said[:KEY_CHARACTERS]
        if key not in self._kept:
            self._kept[key] = await super().count_tokens(said, provider=provider, model=model, tools=tools)
        return self._kept[key]
