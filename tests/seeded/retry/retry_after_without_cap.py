"""The example handler, but it waits as long as the provider asks for, however long that is.

Public bug: B26, the other way round: Retry-After: 120 holds the caller for two minutes
(https://github.com/huggingface/smolagents/pull/2107).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import math

from byok import policy
from byok.handler import Handler as Example


class Handler(Example):
    """Knows no cap."""

    def __init__(self) -> None:
        policy.RETRY_AFTER_CAP_S = math.inf
        super().__init__()
