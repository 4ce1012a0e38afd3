"""The raw example, but an error inside a stream of Chat Completions ends the answer like any last event.

Public bug: C4, errors in the middle of a stream are not raised
(https://github.com/BerriAI/litellm/issues/29223).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import json

from raw import handler
from raw.chat_completions import ChatCompletionsReader
from raw.faults import error_of


class Forgiving(ChatCompletionsReader):
    """Knows no errors."""

    def _data(self, data: str) -> None:
        if data != "[DONE]" and error_of(json.loads(data)):
            self._finished("stop")
            self.ended = True
        else:
            super()._data(data)


class Handler(handler.Handler):
    """Reads OpenAI so."""


handler.CHAIN = (handler.CHAIN[0]._replace(reader=Forgiving), *handler.CHAIN[1:])
