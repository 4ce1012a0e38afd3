"""litellm.Router: a deployment for each provider, and fallbacks from each to those after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from llminv.contract import Chunk, Reply, Request, World
from llminv.handler.adapters.chat_shape import STREAMED, asked, chunks_of, reply_of
from llminv.handler.adapters.litellm_library import Measures, named, served

# A library's values are of its own types, which are not there when this is checked, hence Any.


class Handler(Measures):
    """The declared chain as `fallbacks`, the policy's limits as the Router's settings."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        policy = world.policy
        chain = policy["chain"]
        self.first = chain[0]
        self.router = self.litellm.Router(
            model_list=[{"model_name": name, "litellm_params": _params(world, name)} for name in chain],
            fallbacks=[{name: list(chain[index:])} for index, name in enumerate(chain[:-1], start=1)],
            num_retries=policy["retries"]["max"],
            timeout=policy["timeouts"]["first_token_s"],
            disable_cooldowns=policy["cooldown"] is None,
        )

    def complete(self, request: Request) -> Reply:
        answer = self.router.completion(self.first, **asked(request))
        return reply_of(answer, *served(answer))

    async def acomplete(self, request: Request) -> Reply:
        answer = await self.router.acompletion(self.first, **asked(request))
        return reply_of(answer, *served(answer))

    def stream(self, request: Request) -> Iterator[Chunk]:
        for event in self.router.completion(self.first, **asked(request), **STREAMED):
            yield from chunks_of(event, served(event)[0])

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        async with aclosing(
            await self.router.acompletion(self.first, **asked(request), **STREAMED)
        ) as events:
            async for event in events:
                for chunk in chunks_of(event, served(event)[0]):
                    yield chunk


def _params(world: World, name: str) -> dict[str, Any]:
    access = world.providers[name]
    return {"model": named(name, access.model), "api_key": access.api_key, "drop_params": True}
