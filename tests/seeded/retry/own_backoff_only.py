"""The example handler, but it waits by its own backoff, whatever the provider asks for.

Public bug: B26, Retry-After is ignored (https://github.com/huggingface/smolagents/pull/2107).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok import faults
from byok.handler import Handler as Example


class Handler(Example):
    """Comes back too early."""

    def __init__(self) -> None:
        faults.retry_after_s = lambda headers, body: None
        super().__init__()
