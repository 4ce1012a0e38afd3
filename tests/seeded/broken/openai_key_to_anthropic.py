"""The example handler, but after a failure of OpenAI it calls Anthropic with OpenAI's key.

Public bug class: A17, the key of the primary is used for every fallback
(https://github.com/BerriAI/litellm/issues/16667).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.anthropic_messages import AnthropicMessages
from byok.errors import ProviderError
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Carries the key of the provider that failed over to the next."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; where it fails at OpenAI, take OpenAI's key along."""
        outcome = await super().attempt(name, request, limit_s)
        if name == "openai" and isinstance(outcome, ProviderError):
            await self.adapters["anthropic"].aclose()
            self.adapters["anthropic"] = AnthropicMessages(
                "anthropic", "claude-opus-4-8", os.environ["OPENAI_API_KEY"]
            )
        return outcome
