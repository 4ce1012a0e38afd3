"""The example handler, but after the last provider it goes on with those before the start.

Public bug: A37, the list of fallbacks ignores which providers the request enables
(https://github.com/weave-os/router/pull/242).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Takes the chain for a circle where the request asked for the rest of it."""

    def route(self, start: str | None) -> list[str]:
        """Return all providers, from `start` on."""
        rest = super().route(start)
        return rest + [name for name in super().route(None) if name not in rest]
