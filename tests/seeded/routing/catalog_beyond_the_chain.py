"""The example handler, with three providers allowed, but its fallback comes from the whole catalog.

Public bug: A31, the restriction of providers is bypassed by a fallback from the catalog
(https://github.com/maximhq/bifrost/issues/4243).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import PROVIDERS
from byok.handler import Handler as Example


class Right(Example):
    """Tries the providers that are allowed."""

    chain = ("openai", "anthropic", "deepseek")


class Handler(Right):
    """Tries whoever is in the catalog when none of those is left."""

    def route(self, start: str | None) -> list[str]:
        """Return the providers that are allowed, then the others."""
        allowed = super().route(start)
        return allowed + [row.name for row in PROVIDERS if row.name not in allowed]
