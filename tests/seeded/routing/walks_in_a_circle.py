"""The example handler, but the graph of its fallbacks has a cycle, which is walked twice.

Public bug: A5, a cyclic graph of fallbacks is walked repeatedly
(https://github.com/BerriAI/litellm/issues/35303).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Comes back to the first provider after the last."""

    def route(self, start: str | None) -> list[str]:
        """Return the providers to try, twice."""
        return super().route(start) * 2
