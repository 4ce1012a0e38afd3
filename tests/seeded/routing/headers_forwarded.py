"""The example handler, but DeepSeek is sent the headers that were meant for Anthropic.

Public bug: A16, the x-api-key for Anthropic is forwarded to other providers on fallback
(https://github.com/BerriAI/litellm/issues/14371).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Scopes the headers of a call to no provider."""

    def __init__(self) -> None:
        super().__init__()
        key = self.adapters["anthropic"]._client.api_key
        adapter = self.adapters["deepseek"]
        adapter._client = adapter._client.with_options(default_headers={"x-api-key": key})
