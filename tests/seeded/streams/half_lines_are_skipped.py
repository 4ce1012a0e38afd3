"""The raw example, but a line ends wherever Python ends one, and what cannot be read is skipped.

Public bug: C11, data are lost with str.splitlines
(https://github.com/mpetazzoni/sseclient/issues/9).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import contextlib
import re

from raw import sse
from raw.answer import AnswerReader
from raw.handler import Handler as Example

sse._LINE_END = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


def read(self: AnswerReader, data: str) -> None:
    """Read one event, if it can be read."""
    with contextlib.suppress(ValueError):
        self._data(data)


AnswerReader._read = read


class Handler(Example):
    """Reads lines so."""
