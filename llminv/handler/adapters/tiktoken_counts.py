"""tiktoken alone: counts of the models whose encoding it knows, of messages as OpenAI's guide counts them.

https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken has the tokens that frame messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from llminv.contract import Message
from llminv.handler.adapters.installed import ensure_vocabularies
from llminv.handler.adapters.plain_text import text_of

PER_MESSAGE = 3
PER_NAME = 1
PER_REPLY = 3


class Handler:
    """Offers count_tokens."""

    def __init__(self) -> None:
        self.tiktoken = import_module("tiktoken")
        ensure_vocabularies()

    def count_tokens(
        self,
        said: str | Sequence[Message],
        *,
        provider: str,
        model: str,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        del provider, tools  # it knows neither
        encoding = self.tiktoken.encoding_for_model(model)
        if isinstance(said, str):
            return len(encoding.encode(said, disallowed_special=()))
        count = PER_REPLY
        for message in said:
            others = [
                value for name, value in message.items() if name != "content" and isinstance(value, str)
            ]
            texts = [text_of(message), *others]
            count += PER_MESSAGE + sum(len(encoding.encode(text, disallowed_special=())) for text in texts)
            count += PER_NAME if "name" in message else 0
        return count
