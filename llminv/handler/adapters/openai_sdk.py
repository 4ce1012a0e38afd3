"""The OpenAI SDK alone: one provider, with the retries and the timeout that the SDK has by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Reply, Request, World
from llminv.handler.adapters.chat_shape import STREAMED, asked, chunks_of, reply_of

# A library's values are of its own types, which are not there when this is checked, hence Any.


class Handler:
    """`chat.completions.create` of OpenAI and AsyncOpenAI."""

    def __init__(self, world: World) -> None:
        openai = import_module("openai")
        (self.provider,) = world.policy["chain"]
        access = world.providers[self.provider]
        options = {
            "api_key": access.api_key,
            "base_url": access.base_url,
            "timeout": world.policy["timeouts"]["first_token_s"],
            "max_retries": world.policy["retries"]["max"],
        }
        self.model = access.model
        self.blocking = openai.OpenAI(**options)
        self.waiting = openai.AsyncOpenAI(**options)

    def complete(self, request: Request) -> Reply:
        answer = self.blocking.chat.completions.create(**self._asked(request))
        return reply_of(answer, self.provider)

    async def acomplete(self, request: Request) -> Reply:
        answer = await self.waiting.chat.completions.create(**self._asked(request))
        return reply_of(answer, self.provider)

    def stream(self, request: Request) -> Iterator[Chunk]:
        with self.blocking.chat.completions.create(**self._asked(request), **STREAMED) as events:
            for event in events:
                yield from chunks_of(event, self.provider)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        async with await self.waiting.chat.completions.create(**self._asked(request), **STREAMED) as events:
            async for event in events:
                for chunk in chunks_of(event, self.provider):
                    yield chunk

    async def aclose(self) -> None:
        self.blocking.close()
        await self.waiting.close()

    def _asked(self, request: Request) -> dict[str, Any]:
        return {"model": self.model, **asked(request)}
