"""The example handler, but its limits hold for each attempt and none for the whole call.

Public bug: B16, a timeout of 30 s that takes 91.6 s, since each retry begins it anew
(https://github.com/openai/openai-python/issues/3828).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import math

from byok.errors import Attempt
from byok.handler import Handler as Example

from llminv.contract import Reply, Request


class Handler(Example):
    """Never runs out of time."""

    async def _ask(
        self, name: str, request: Request, ends_at_s: float, attempts: list[Attempt]
    ) -> Reply | None:
        del ends_at_s
        return await super()._ask(name, request, math.inf, attempts)
