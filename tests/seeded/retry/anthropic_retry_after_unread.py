"""The example handler, but nobody reads the retry-after of Anthropic.

Public bug: B14, Anthropic's retry-after is not used (https://github.com/BerriAI/litellm/issues/4387).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import ProviderError
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Backs off by itself whatever Anthropic asks for."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; forget what Anthropic says about the next one."""
        outcome = await super().attempt(name, request, limit_s)
        if name == "anthropic" and isinstance(outcome, ProviderError):
            outcome.retry_after_s = None
        return outcome
