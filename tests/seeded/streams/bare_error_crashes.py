"""The raw example, but an error that Gemini sends as bare JSON crashes its reader.

Public bug: C19, an error inside a stream crashes the parser
(https://github.com/googleapis/python-genai/issues/1162).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import json
from collections.abc import Iterator

from raw import handler
from raw.gemini import GeminiReader

from llminv.contract import Chunk


class Crashing(GeminiReader):
    """Reads the first line of what stands in no frame."""

    def end(self) -> Iterator[Chunk]:
        """Yield the last chunk; raise JSONDecodeError."""
        for line in filter(None, self._sse.unframed.split("\n")):
            json.loads(line)
        yield from super().end()


class Handler(handler.Handler):
    """Reads Gemini so."""


handler.CHAIN = (*handler.CHAIN[:3], handler.CHAIN[3]._replace(reader=Crashing))
