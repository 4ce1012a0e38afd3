"""The example handler, but its fallback does not catch rate limits: they go to the caller.

Public bug class: A2, a 429 that never reaches the fallback code
(https://github.com/BerriAI/litellm/issues/23749).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example
from byok.policy import FaultClass


class Handler(Example):
    """Falls back on every declared class of faults but one."""

    fallback = Example.fallback - {FaultClass.RATE_LIMIT}
