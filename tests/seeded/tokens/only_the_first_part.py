"""The example handler, but it counts the first part of a message and skips the others.

Public bug: D2, text beside an image is not counted (https://github.com/BerriAI/litellm/pull/4036).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Counts a part of what is sent."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if not isinstance(said, str):
            said = [{**message, "content": _first(message.get("content"))} for message in said]
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)


def _first(content):
    return content[:1] if isinstance(content, list) else content
