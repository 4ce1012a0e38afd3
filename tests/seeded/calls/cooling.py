"""The example handler with the cooldown that its policy declares: no bug in it, but what those beside it have one of."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import Attempt, StreamInterrupted
from byok.handler import Handler as Example

from llminv.contract import Chunk, Reply, Request, World


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

    async def _ask(
        self, name: str, request: Request, ends_at_s: float, attempts: list[Attempt]
    ) -> Reply | None:
        before = len(attempts)
        reply = await super()._ask(name, request, ends_at_s, attempts)
        self.note(name, attempts[before:], answered=reply is not None)
        return reply

    async def _ask_stream(
        self, name: str, request: Request, ends_at_s: float, attempts: list[Attempt]
    ) -> AsyncGenerator[Chunk, None]:
        before, answered = len(attempts), False
        try:
            async with contextlib.aclosing(super()._ask_stream(name, request, ends_at_s, attempts)) as chunks:
                async for chunk in chunks:
                    yield chunk
                    answered = True
        except StreamInterrupted:
            answered = False
            raise
        finally:
            self.note(name, attempts[before:], answered=answered)

    def note(self, name: str, failed: list[Attempt], *, answered: bool) -> None:
        """Count a call that failed at a provider in a way that is declared to cool it down."""
        if answered:
            self.failures[name] = 0
        elif self.cooldown and failed and failed[-1].fault_class in self.cooldown["faults"]:
            self.count(name)

    def count(self, name: str) -> None:
        """Count a failure; with enough of them in a row, a cooldown begins."""
        self.failures[name] = self.failures.get(name, 0) + 1
        if self.cooldown and self.failures[name] >= self.cooldown["after_failures"]:
            self.cool(name, self.cooldown["seconds"])

    def cool(self, name: str, seconds: float) -> None:
        """Begin a cooldown."""
        self.failures[name] = 0
        self.until_s[name] = asyncio.get_running_loop().time() + seconds
