"""The example handler with a cooldown and one trial after it, but a refused request leaves the trial open for ever.

Public bug class: deer-flow#3991, a circuit that stays half open (https://github.com/bytedance/deer-flow/pull/3991).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cooling import Attempt
from cooling import Handler as Cooling

from llminv.contract import World


class Handler(Cooling):
    """After a cooldown one call at a time tries the provider, until it has answered or failed."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.on_trial: set[str] = set()

    def route(self, start: str | None) -> list[str]:
        """Return the providers to try; the first is on trial from now on, if it has rested."""
        free = [name for name in super().route(start) if name not in self.on_trial]
        self.on_trial |= self.until_s.keys() & set(free[:1])
        return free

    def note(self, name: str, failed: list[Attempt], *, answered: bool) -> None:
        """End the trial."""
        self.on_trial.discard(name)
        super().note(name, failed, answered=answered)
        if answered:
            self.until_s.pop(name, None)
