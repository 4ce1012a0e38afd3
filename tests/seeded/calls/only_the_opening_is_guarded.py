"""The example handler, but a stream that opened well and then broke off is not one to fall back on.

Public bug class: A25 (https://github.com/pydantic/pydantic-ai/issues/4140).
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from byok.errors import ProviderError
from every_way import Handler as EveryWay

from llminv.contract import Chunk, Reply, Request


class OpeningOnly(EveryWay):
    """Takes what comes after the headers as it is."""

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Make an attempt; an error after the headers is the caller's."""
        outcome = await super().attempt(name, request, limit_s)
        if isinstance(outcome, ProviderError) and outcome.fault_class == "malformed":
            raise outcome.cause
        return outcome


class Handler(EveryWay):
    """Guards its streams less than its other ways."""

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the reply in one chunk."""
        async for chunk in OpeningOnly().astream(request):
            yield chunk
