"""The example handler, but the timeout is not passed on to DeepSeek.

Public bug: B5, one of two routes to the same models ignores the timeout
(https://github.com/BerriAI/litellm/issues/8333).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import httpx2
from byok.errors import ProviderError
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Waits for DeepSeek for ever."""

    def __init__(self) -> None:
        super().__init__()
        adapter = self.adapters["deepseek"]
        unlimited = httpx2.AsyncClient(timeout=None)
        adapter._client = adapter._client.with_options(http_client=unlimited, timeout=None)

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt, without a limit where none is passed on."""
        return await super().attempt(name, request, None if name == "deepseek" else limit_s)
