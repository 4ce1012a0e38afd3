"""The example raw, but Gemini's words for a filtered answer are not in its table.

Public bug: C26, the finish reason of a filtered answer is wrong in Gemini's streams
(https://github.com/BerriAI/litellm/issues/6104).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.gemini import GeminiReader


class Reader(GeminiReader):
    """Takes whatever it does not know for an ordinary end."""

    def _finished(self, reason):
        known = ("STOP", "MAX_TOKENS", "tool_calls")
        super()._finished(reason if reason in known else reason and "STOP")


class Handler(handler.Handler):
    """Reads Gemini in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is GeminiReader else row for row in handler.CHAIN
        )
        super().__init__()
