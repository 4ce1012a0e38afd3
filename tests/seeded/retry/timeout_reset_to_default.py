"""The example handler, but at OpenAI its limits are replaced by a default of 6000 s.

Public bug: B2, hung requests end at exactly 6000 s (https://github.com/BerriAI/litellm/issues/7001).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import ProviderError
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Bounds attempts at the first provider by the default alone."""

    def __init__(self) -> None:
        super().__init__()
        client = self.adapters["openai"]._client._client
        client.connect_s = client.first_token_s = client.idle_s = 6000

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt with the default limit."""
        return await super().attempt(name, request, 6000 if name == "openai" else limit_s)
