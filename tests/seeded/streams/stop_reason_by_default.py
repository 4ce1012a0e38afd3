"""The raw example, but an answer of Anthropic has stopped, for a good reason, unless it says otherwise.

Public bug: C8, a dropped connection is stored as stop
(https://github.com/dotflow-io/pycodeloop/issues/64).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.anthropic_messages import AnthropicMessagesReader


class Optimist(AnthropicMessagesReader):
    """Begins with the stop reason of a whole answer."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._finish = "end_turn"

    @property
    def complete(self) -> bool:
        """Whether there is a stop reason."""
        return self._finish is not None


class Handler(handler.Handler):
    """Reads Anthropic so."""


handler.CHAIN = (handler.CHAIN[0], handler.CHAIN[1]._replace(reader=Optimist), *handler.CHAIN[2:])
