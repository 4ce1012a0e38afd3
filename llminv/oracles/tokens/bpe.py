"""The oracle `tiktoken`: OpenAI's models, exact for texts, exact with their frame for messages of text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from llminv.contract import Message
from llminv.oracles.tokens import vocabulary
from llminv.oracles.tokens.interface import Certainty, Count, Evidence, NoCount, Oracle, Question
from llminv.oracles.tokens.models import Frame, family_of

# On runs of about a million characters of one class tiktoken overflows its stack.
CHARACTERS_MAX = 200_000
KEPT_MAX = 4_096
# The fields of a message whose framing is known.
_FRAMED = frozenset({"role", "content", "name"})


@lru_cache(KEPT_MAX)
def tokens_of(encoding: str, text: str) -> int:
    """Return how many tokens `text` has; literals of special tokens are text like any other."""
    return len(vocabulary.encoding(encoding).encode_ordinary(text))


def _count(question: Question, _: Evidence) -> Count | NoCount:
    family = family_of(question.model)
    if family is None:
        return NoCount(f"tiktoken knows no encoding of the model {question.model}")
    source = f"tiktoken {family.encoding}"
    if question.text is not None:
        reason = unsuitable(question.text)
        if reason:
            return NoCount(reason)
        return Count(tokens_of(family.encoding, question.text), Certainty.EXACT, source)
    if family.frame is None:
        return NoCount(f"how prompts are framed for {question.model} is not known")
    reason = unframed(question)
    if reason:
        return NoCount(reason)
    tokens = _prompt(family.encoding, family.frame, question.messages)
    return Count(tokens, Certainty.FRAMED, f"{source} and the frame of its messages")


def _prompt(encoding: str, frame: Frame, messages: Iterable[Message]) -> int:
    texts = [text for message in messages for text in message.values()]
    named = sum("name" in message for message in messages)
    framing = frame.prompt + frame.message * len(tuple(messages)) + frame.named * named
    return framing + sum(tokens_of(encoding, text) for text in texts)


def unsuitable(text: str) -> str:
    """Return why no tokenizer can tell how a provider counts `text`, or "" where one can."""
    if len(text) > CHARACTERS_MAX:
        return f"the text is longer than {CHARACTERS_MAX:,} characters"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "the text holds half of a surrogate pair, which no provider can be sent"
    return ""


def unframed(question: Question) -> str:
    """Return why the frame of a prompt is not known, or "" where it is plain messages of text."""
    if question.tools:
        return "how tools are framed is not published"
    for message in question.messages:
        if (
            message.keys() - _FRAMED
            or "content" not in message
            or not all(isinstance(value, str) for value in message.values())
        ):
            return "a message holds more than text"
        reason = unsuitable(message["content"])
        if reason:
            return reason
    return ""


ORACLE = Oracle(
    "tiktoken", "OpenAI's own tokenizer, and the frame of its chat prompts", _count, vocabulary.missing
)
