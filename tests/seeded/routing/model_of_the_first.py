"""The example handler, but a reply names the model that was asked for first.

Public bug: A10, after a fallback the response says the model of the primary
(https://github.com/BerriAI/litellm/issues/13486).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import PROVIDERS
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Stamps the model from the request on the reply."""

    async def acomplete(self, request: Request) -> Reply:
        """Return the reply under the name of the first model."""
        return replace(await super().acomplete(request), model=PROVIDERS[0].model)
