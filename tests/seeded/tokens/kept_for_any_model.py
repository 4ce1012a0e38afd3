"""The example handler, but what it has counted it keeps by the text, whatever the model.

Public bug: D26, counts are kept under a key without the encoding (https://github.com/mastra-ai/mastra/pull/13745).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Counts a text once, for the model that is asked about first."""

    def __init__(self):
        super().__init__()
        self._kept = {}

    async def count_tokens(self, said, *, provider, model, tools=()):
        key = provider, str(said), str(tools)
        if key not in self._kept:
            self._kept[key] = await super().count_tokens(said, provider=provider, model=model, tools=tools)
        return self._kept[key]
