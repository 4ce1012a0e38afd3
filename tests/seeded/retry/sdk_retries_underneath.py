"""The example handler, but the SDK of OpenAI keeps its own two retries underneath.

Public bug: A1, two waits of 47 s before the fallback although no retry was configured
(https://github.com/BerriAI/litellm/issues/3274).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Counts three attempts where OpenAI sees nine."""

    def __init__(self) -> None:
        super().__init__()
        adapter = self.adapters["openai"]
        adapter._client = adapter._client.with_options(max_retries=2)
