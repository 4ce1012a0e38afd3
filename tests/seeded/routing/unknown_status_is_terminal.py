"""The example handler, but a status that its classifier does not know ends the call.

Public bug: A28, the default of the classifier is terminal
(https://github.com/mozilla-ai/otari/pull/173).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import ProviderError
from byok.handler import Handler as Example
from byok.policy import FaultClass

from llminv.contract import Reply, Request

KNOWN = frozenset({None, 200, 400, 401, 403, 429, 500, 503})


class Handler(Example):
    """Takes whatever it has not heard of for the caller's mistake."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; classify how it failed."""
        outcome = await super().attempt(name, request, limit_s)
        if isinstance(outcome, ProviderError) and outcome.status not in KNOWN:
            outcome.fault_class = FaultClass.BAD_REQUEST
        return outcome
