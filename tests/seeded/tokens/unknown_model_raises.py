"""The example handler, but it knows no model that tiktoken does not know.

Public bug: D13, an unknown model raises (https://github.com/dqbd/tiktoken/issues/114).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import tiktoken.model
from byok.handler import Handler as Example


class Handler(Example):
    """Waits for the next release of its library."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if provider == "openai":
            tiktoken.model.encoding_name_for_model(model.rpartition("/")[2].partition(":acme")[0])
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)
