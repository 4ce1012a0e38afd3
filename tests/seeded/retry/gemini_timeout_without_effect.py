"""The example handler, but the timeout that it gives to the SDK of Gemini has no effect.

Public bug: B20, the timeout option of google-genai is ignored
(https://github.com/googleapis/python-genai/issues/911).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import math

from byok.handler import Handler as Example


class Handler(Example):
    """Waits for Gemini until the attempt as a whole is over."""

    def __init__(self) -> None:
        super().__init__()
        client = self.adapters["gemini"]._http_client
        client.connect_s = client.first_token_s = client.idle_s = math.inf
