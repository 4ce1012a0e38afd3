"""The example handler, but the second provider is called with its model given twice.

Public bug: A8, TypeError: multiple values for 'model', in place of a fallback
(https://github.com/BerriAI/litellm/issues/7807).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import ProviderError
from byok.handler import Handler as Example
from byok.policy import FaultClass

from llminv.contract import Reply, Request


class Handler(Example):
    """Cannot build the call of a fallback after a rejected key."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; where the key is rejected, prepare the next one."""
        outcome = await super().attempt(name, request, limit_s)
        if isinstance(outcome, ProviderError) and outcome.fault_class is FaultClass.INVALID_KEY:
            fallback = {"model": "claude-opus-4-8"}
            self.adapters[name].__class__("fallback", "claude-opus-4-8", "key", **fallback)
        return outcome
