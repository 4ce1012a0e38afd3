"""The example handler, but the limit of the wait for headers never fires.

Public bug: B31, no response at all is waited for until the request as a whole is over
(failoverbench SCORECARD 2026-09-12, S06).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import math

from byok.handler import Handler as Example
from byok.transport import BoundedClient


class Handler(Example):
    """Waits for headers until the attempt is over."""

    def __init__(self) -> None:
        BoundedClient.first_token_s = BoundedClient.idle_s = math.inf
        super().__init__()
