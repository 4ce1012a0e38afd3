"""The example handler, but a 401 ends the loop over its targets.

Public bug: A26, a fallback on status 401 is not honoured
(https://github.com/Portkey-AI/gateway/issues/165).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import NoProviderAvailable, ProviderError
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Has no response to look at where the status is 401."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; leave the loop after a 401."""
        outcome = await super().attempt(name, request, limit_s)
        if isinstance(outcome, ProviderError) and outcome.status == 401:
            raise NoProviderAvailable([]) from outcome.cause
        return outcome
