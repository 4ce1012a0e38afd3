"""The example handler with a cooldown, but to declare none means the default one.

Public bug class: B10, `cooldown_time or default` (https://github.com/BerriAI/litellm/pull/12108).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cooling import Handler as Cooling

from llminv.contract import World

DEFAULT = {
    "after_failures": 1,
    "seconds": 60.0,
    "faults": ["rate_limit", "server_error", "timeout", "unavailable"],
}


class Handler(Cooling):
    """Takes what is falsy for what is not there."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.cooldown = self.cooldown or DEFAULT
