"""The example handler, but its fallback gives up after two providers.

Public bug class: A26, a loop over targets that ends early
(https://github.com/Portkey-AI/gateway/issues/165).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Leaves the third and fourth provider of the chain untried."""

    def route(self, start: str | None) -> list[str]:
        """Return the first two providers of the route."""
        return super().route(start)[:2]
