"""The example handler, but it retries a failure of the server only where the words of the error are known.

Public bug: B25, an overload of another type than the one looked for is not retried
(https://github.com/UKGovernmentBEIS/inspect_ai/issues/2272).
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
    """Takes every other failure of a server for one that stays."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; retry by the words alone."""
        outcome = await super().attempt(name, request, limit_s)
        known = "error" in str(getattr(outcome, "cause", ""))
        if (
            isinstance(outcome, ProviderError)
            and outcome.fault_class is FaultClass.SERVER_ERROR
            and not known
        ):
            outcome.fault_class = FaultClass.UNAVAILABLE
        return outcome
