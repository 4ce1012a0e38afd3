"""Literals of special tokens: in what a user says they are text, and count as that.

A tokenizer has one token for such a literal where it is the vendor's own mark; read from a user's text that
mark would end a turn or begin a prompt. So the text is encoded piece by piece, and a dozen characters of
brackets, bars and letters are two tokens at least, in any vocabulary:
https://github.com/openai/tiktoken/issues/15. Whether a vendor does so with its own literals is published by
OpenAI only; of others' no more is demanded than that their own literals are counted at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Each literal with the dialect of the vendor whose it is, "" where that is none of ours.
LITERALS: Mapping[str, str] = MappingProxyType(
    {
        "<|endoftext|>": "openai-chat",
        "<|im_start|>": "openai-chat",
        "<|fim_prefix|>": "openai-chat",
        "<|endofprompt|>": "openai-chat",
        "<|start|>": "openai-chat",
        "<|channel|>": "openai-chat",
        "<｜begin▁of▁sentence｜>": "deepseek",  # noqa: RUF001 - that is how it is written
        "<｜fim▁begin｜>": "deepseek",  # noqa: RUF001
        "<start_of_turn>": "gemini",
        "<|begin_of_text|>": "",
        "<|eot_id|>": "",
    }
)
_OPEN_BOOKS = ("openai-chat", "")
# As text, a literal has so many tokens at least.
TOKENS_MIN = 2


def tokens_min(literal: str, dialect: str) -> int:
    """Return how many tokens `literal` has at least for a provider that speaks `dialect`."""
    vendor = LITERALS[literal]
    return 1 if vendor == dialect and vendor not in _OPEN_BOOKS else TOKENS_MIN
