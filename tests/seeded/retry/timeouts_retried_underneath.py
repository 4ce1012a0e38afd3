"""The example handler, but the SDK of Anthropic retries what timed out, below the retries of the router.

Public bug: B1, a timeout of 20 s that takes over a minute until the fallback
(https://github.com/BerriAI/litellm/issues/7303).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Leaves the two retries of the SDK on."""

    def __init__(self) -> None:
        super().__init__()
        adapter = self.adapters["anthropic"]
        adapter._client = adapter._client.with_options(max_retries=2)
