"""The raw example, but the bytes of each read are decoded by themselves.

Public bug: C13, U+FFFD where a character is cut
(https://github.com/agentclientprotocol/python-sdk/pull/135).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import codecs

from raw import sse
from raw.handler import Handler as Example


class Forgetful(codecs.IncrementalDecoder):
    """Keeps nothing for the next read."""

    def decode(self, data: bytes, final: bool = False) -> str:
        """Return the text of this read."""
        del final
        return data.decode("utf-8", "replace")


sse._UTF8 = Forgetful


class Handler(Example):
    """Decodes so."""
