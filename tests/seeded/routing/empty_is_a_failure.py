"""The example handler, but an answer without words passes for a failure.

Public bug: A19, a valid empty stream is replaced by the fallback
(https://github.com/langchain-ai/langchain/issues/38886).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import ProviderError
from byok.faults import malformed
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Wants to hear something."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; silence is no answer."""
        outcome = await super().attempt(name, request, limit_s)
        if isinstance(outcome, Reply) and not outcome.text and not outcome.tool_calls:
            return malformed(StopAsyncIteration())
        return outcome
