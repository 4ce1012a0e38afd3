"""The example handler, but it falls back only from what may pass by itself.

Public bug: A34, a 401 goes to the caller, and the second model is never tried
(https://github.com/mastra-ai/mastra/issues/12756).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example
from byok.policy import FaultClass


class Handler(Example):
    """Falls back from 5xx, 429 and timeouts."""

    fallback = Example.fallback - {FaultClass.INVALID_KEY, FaultClass.QUOTA}
