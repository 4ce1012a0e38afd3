"""From a model's name to its family: which encoding it has, and how a prompt is framed for it.

A name may be dated (gpt-4o-2024-08-06), qualified with a path (openai/gpt-4o) or that of a fine-tuned model
(ft:gpt-4o-mini:acme::x). The longest family that the name begins with, up to a separator, is the one: so
gpt-4o is not a gpt-4, and gpt-6 is no model that anything is known of.

Encodings: https://github.com/openai/tiktoken/blob/main/tiktoken/model.py. Frames: a prompt of text messages
has `prompt` tokens and, for each message, `message` and those of role, content and name, with `named` more
where there is a name. So says
https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb, and so
were calls billed to the families that have a frame here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Frame:
    """The tokens around a prompt, around each of its messages, and for a message with a name."""

    prompt: int
    message: int = 3
    named: int = 1


@dataclass(frozen=True)
class Family:
    """A family of models; `frame` is None where the framing of its prompts is not known."""

    encoding: str
    frame: Frame | None = None


_CHAT = Frame(prompt=3)
# One less: seen on o3-mini and gpt-5.
_REASONING = Frame(prompt=2)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "gpt-3.5-turbo": Family("cl100k_base", _CHAT),
        "gpt-35-turbo": Family("cl100k_base", _CHAT),
        "gpt-4": Family("cl100k_base", _CHAT),
        "gpt-4o": Family("o200k_base", _CHAT),
        "chatgpt-4o": Family("o200k_base", _CHAT),
        "gpt-4.1": Family("o200k_base", _CHAT),
        "gpt-4.5": Family("o200k_base", _CHAT),
        "gpt-5": Family("o200k_base", _REASONING),
        "o1": Family("o200k_base"),
        "o3": Family("o200k_base", _REASONING),
        "o4-mini": Family("o200k_base"),
        "gpt-oss": Family("o200k_harmony"),
        "davinci-002": Family("cl100k_base"),
        "babbage-002": Family("cl100k_base"),
        "text-embedding-3": Family("cl100k_base"),
        "text-embedding-ada-002": Family("cl100k_base"),
    }
)
_SEPARATORS = ("-", ":", "@", "")


def bare(model: str) -> str:
    """Return the name of a model without the path before it and without the mark of a fine-tuned one."""
    return model.rpartition("/")[2].removeprefix("ft:")


def family_of(model: str) -> Family | None:
    """Return the family of `model`, None where the name belongs to none."""
    name = bare(model)
    fitting = [
        row
        for row in FAMILIES
        if name.startswith(row) and (name[len(row) : len(row) + 1] in _SEPARATORS or _is_minor(row, name))
    ]
    return FAMILIES[max(fitting, key=len)] if fitting else None


def _is_minor(row: str, name: str) -> bool:
    """Tell whether `name` is a minor version of the family: gpt-5.1 is a gpt-5; gpt-4.2 may be anything."""
    return row == "gpt-5" and name[len(row) : len(row) + 1] == "."
