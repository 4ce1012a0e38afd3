"""One call, routed over OpenAI, Anthropic, DeepSeek and Gemini until one answers, streamed or whole.

Bytes come in over a `Wire` (wire.py), become events (sse.py), then one answer (answer.py and the dialects
beside it); router.py decides. A whole answer is a stream that nobody watches: so there is one way to read,
and one way to notice that something is missing. `examples/byok` is the same router with the official SDKs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this file may be loaded by its path alone

from llminv.contract import Chunk, Reply, Request
from raw.answer import AnswerReader
from raw.anthropic_messages import AnthropicMessagesReader, anthropic_post
from raw.blocking import BoundedTransport
from raw.chat_completions import ChatCompletionsReader, deepseek_post, openai_post
from raw.gemini import GeminiReader, gemini_post
from raw.request import Post, Translation, translated
from raw.router import Chunks, Provider, routed
from raw.wire import LIMITS, TIMEOUT, AsyncWire, BlockingWire, Wire, run


class Row(NamedTuple):
    """A provider of the chain; without a key in the environment it is left out."""

    name: str
    model: str
    key_variable: str
    url_variable: str
    url: str
    translation: Translation
    reader: type[AnswerReader]


# fmt: off
CHAIN = (
    Row("openai", "gpt-4o-mini", "OPENAI_API_KEY",
        "OPENAI_BASE_URL", "https://api.openai.com/v1", openai_post, ChatCompletionsReader),
    Row("anthropic", "claude-opus-4-8", "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL", "https://api.anthropic.com", anthropic_post, AnthropicMessagesReader),
    Row("deepseek", "deepseek-chat", "DEEPSEEK_API_KEY",
        "DEEPSEEK_BASE_URL", "https://api.deepseek.com", deepseek_post, ChatCompletionsReader),
    Row("gemini", "gemini-2.5-flash", "GEMINI_API_KEY",
        "GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com", gemini_post, GeminiReader),
)
# fmt: on


class Handler:
    """The router. Its asynchronous half belongs to the event loop that first uses it.

    All operations raise RouterError (errors.py says which) where there is no answer, and
    UnsupportedRequestError before anybody is asked.
    """

    def __init__(self) -> None:
        context = httpx.create_ssl_context()
        # Neither half takes a proxy from the environment, so that both go the same way.
        self._blocking = httpx.Client(
            transport=BoundedTransport(context, LIMITS), timeout=TIMEOUT, trust_env=False
        )
        self._async = httpx.AsyncClient(verify=context, timeout=TIMEOUT, limits=LIMITS, trust_env=False)
        self._keys = {row.name: os.environ.get(row.key_variable, "").strip() for row in CHAIN}
        self._urls = {row.name: os.environ.get(row.url_variable) or row.url for row in CHAIN}

    def complete(self, request: Request) -> Reply:
        """Return the whole answer."""
        return run(_reply(self._chunks(request, BlockingWire(self._blocking), whole=True)))

    async def acomplete(self, request: Request) -> Reply:
        """Return the whole answer."""
        return await _reply(self._chunks(request, AsyncWire(self._async), whole=True))

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield the answer as it comes; tool calls, each whole, finish reason and usage come last."""
        chunks = self._chunks(request, BlockingWire(self._blocking))
        try:
            while True:
                yield run(anext(chunks))
        except StopAsyncIteration:
            return
        finally:
            run(chunks.aclose())

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the answer as it comes; tool calls, each whole, finish reason and usage come last."""
        async with aclosing(self._chunks(request, AsyncWire(self._async))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        """Close all connections."""
        self.close()
        await self._async.aclose()

    def close(self) -> None:
        """Close the connections of the blocking half."""
        self._blocking.close()

    def _chunks(self, request: Request, wire: Wire, *, whole: bool = False) -> Chunks:
        """Start the call; the route is the chain from `request.start` on."""
        names = [row.name for row in CHAIN]
        if request.start not in (None, *names):
            raise ValueError(f"no provider is called {request.start!r}: the chain is {', '.join(names)}")
        first = 0 if request.start is None else names.index(request.start)
        rows = [row for row in CHAIN[first:] if self._key(row, request)]
        posts = translated(request, [self._translation(row, request) for row in rows])
        route = [Provider(row.name, post, row.reader) for row, post in zip(rows, posts, strict=True)]
        return routed(route, wire, whole=whole)

    def _key(self, row: Row, request: Request) -> str:
        """Return the key that came with the call, or else the one in the environment."""
        return str(request.overrides.get(row.name, {}).get("api_key") or self._keys[row.name])

    def _translation(self, row: Row, request: Request) -> Callable[[Request], Post]:
        """Return what puts a request into the words of a provider, as this call wants to have it asked."""
        overrides = request.overrides.get(row.name, {})
        model, params = overrides.get("model", row.model), overrides.get("params", {})
        url, key = self._urls[row.name].rstrip("/"), self._key(row, request)
        return lambda plain: row.translation(
            url, key, model, replace(plain, params={**plain.params, **params})
        )


async def _reply(chunks: Chunks) -> Reply:
    answer = [chunk async for chunk in chunks]
    last = answer[-1]
    return Reply(
        text="".join(chunk.text for chunk in answer),
        tool_calls=tuple(chunk.tool_call for chunk in answer if chunk.tool_call is not None),
        finish_reason=last.finish_reason,
        usage=last.usage,
        provider=last.provider,
        model=last.model,
    )
