"""The example handler, but it reads Retry-After in seconds and as a date only.

Public bug: B23, retry-after-ms is ignored (https://github.com/vercel/ai/issues/7247).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok import faults
from byok.handler import Handler as Example


def _without_ms(headers, body, read=faults.retry_after_s):
    return read({name: value for name, value in headers.items() if name != "retry-after-ms"}, body)


class Handler(Example):
    """Backs off by itself where milliseconds are asked for."""

    def __init__(self) -> None:
        faults.retry_after_s = _without_ms
        super().__init__()
