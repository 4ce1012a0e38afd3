"""The example handler with a cooldown, but a provider with one deployment alone never cools.

Public bug class: B11 (https://github.com/BerriAI/litellm/pull/8668).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cooling import Handler as Cooling

DEPLOYMENTS = {"openai": 1, "anthropic": 1, "deepseek": 1, "gemini": 1}


class Handler(Cooling):
    """Spares whoever has no deployment beside it, although the next provider could answer."""

    def cool(self, name: str, seconds: float) -> None:
        """Begin a cooldown of a provider with several deployments."""
        if DEPLOYMENTS[name] > 1:
            super().cool(name, seconds)
