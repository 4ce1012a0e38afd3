"""The raw example, but comments are wrapped as data.

Public bug: C16, a comment before the first token is emitted as data
(https://github.com/mnfst/llm-gateway/issues/2053).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import sse
from raw.handler import Handler as Example

take = sse.SSEReader._take


def take_all(self: sse.SSEReader, line: str) -> sse.Event | None:
    """Take a line; a comment is an event of its own."""
    return sse.Event("message", line[1:]) if line.startswith(":") else take(self, line)


sse.SSEReader._take = take_all


class Handler(Example):
    """Takes lines so."""
