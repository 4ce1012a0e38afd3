"""The example handler with a cooldown, but a request that a provider refuses counts as a failure of the provider.

Public bug class: litellm#23091, where every error cools (https://github.com/BerriAI/litellm/pull/23091), as each
status 400 did in https://github.com/BerriAI/litellm/pull/16092.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cooling import Attempt
from cooling import Handler as Cooling

from llminv.contract import Reply, Request


class Handler(Cooling):
    """Does not ask whose mistake it was."""

    async def _ask(
        self, name: str, request: Request, ends_at_s: float, attempts: list[Attempt]
    ) -> Reply | None:
        try:
            return await super()._ask(name, request, ends_at_s, attempts)
        except Exception:
            self.count(name)
            raise
