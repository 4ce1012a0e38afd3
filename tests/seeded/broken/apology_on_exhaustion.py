"""The example handler, but when no provider answers it apologises instead of raising.

Public bug class: R-ERR, failure that comes back as content; the nearest thread is C8, a failure stored as an
answer (https://github.com/dotflow-io/pycodeloop/issues/64).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import NoProviderAvailable
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Hides an outage behind a text that reads like an answer."""

    async def acomplete(self, request: Request) -> Reply:
        """Return the reply of a provider, or an apology."""
        try:
            return await super().acomplete(request)
        except NoProviderAvailable:
            return Reply("I am sorry, I cannot answer right now. Please try again later.")
