"""The example handler with the cooldown that its policy declares: no bug in it, but what those beside it have one of."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example

from llminv.contract import Reply, Request, World


class Handler(Example):
    """Counts calls that fail at a provider; one in cooldown is left out while another is left."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.cooldown: dict[str, Any] | None = world.policy["cooldown"]
        self.failures: dict[str, int] = {}
        self.until_s: dict[str, float] = {}

    def route(self, start: str | None) -> list[str]:
        """Return the providers to try that are not in cooldown; all, if all are."""
        now_s, whole = asyncio.get_running_loop().time(), super().route(start)
        return [name for name in whole if self.until_s.get(name, 0.0) <= now_s] or whole

    async def _ask(self, name: str, request: Request, *rest: Any) -> Reply | None:
        reply = await super()._ask(name, request, *rest)
        self.failures[name] = 0 if reply else self.failures.get(name, 0) + 1
        if self.cooldown and self.failures[name] >= self.cooldown["after_failures"]:
            self.cool(name, self.cooldown["seconds"])
        return reply

    def cool(self, name: str, seconds: float) -> None:
        """Begin a cooldown."""
        self.failures[name] = 0
        self.until_s[name] = asyncio.get_running_loop().time() + seconds
