"""The example raw, but what Anthropic cut short at the limit of tokens just stopped.

Public bug: C5, an answer cut short at the limit of tokens says 'stop' behind a bridge
(https://github.com/BerriAI/litellm/pull/37710).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from raw import handler
from raw.anthropic_messages import AnthropicMessagesReader


class Reader(AnthropicMessagesReader):
    """Does not know max_tokens."""

    finish_reasons = AnthropicMessagesReader.finish_reasons | {"max_tokens": "stop"}


class Handler(handler.Handler):
    """Reads Anthropic in that way."""

    def __init__(self) -> None:
        handler.CHAIN = tuple(
            row._replace(reader=Reader) if row.reader is AnthropicMessagesReader else row
            for row in handler.CHAIN
        )
        super().__init__()
