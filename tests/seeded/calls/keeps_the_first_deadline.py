"""The example handler with a cooldown, but a later ruling does not prolong one that has begun.

Public bug class: B8 (https://github.com/BerriAI/litellm/issues/40130).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cooling import Handler as Cooling


class Handler(Cooling):
    """Keeps the entry that is there, with its time to live."""

    def cool(self, name: str, seconds: float) -> None:
        """Begin a cooldown, unless one has begun."""
        if self.until_s.get(name, 0.0) <= asyncio.get_running_loop().time():
            super().cool(name, seconds)
