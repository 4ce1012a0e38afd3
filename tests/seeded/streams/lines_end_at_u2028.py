"""The raw example, but a line ends wherever Python ends one.

Public bug: C10, the data of an event is cut at U+2028
(https://github.com/florimondmanca/httpx-sse/issues/34).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import re

from raw import sse
from raw.handler import Handler as Example

sse._LINE_END = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


class Handler(Example):
    """Reads lines so."""
