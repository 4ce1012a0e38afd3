"""litellm.completion and acompletion with `fallbacks`; counts by token_counter, costs by completion_cost.

Keys come from the environment, as its documentation shows (https://docs.litellm.ai/docs/completion/reliable_completions).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from llminv.contract import Chunk, Reply, Request, World
from llminv.handler.adapters.chat_shape import STREAMED, asked, chunks_of, reply_of
from llminv.handler.adapters.litellm_library import Measures, named, served

# A library's values are of its own types, which are not there when this is checked, hence Any.


class Handler(Measures):
    """Each provider is a model with its prefix; the rest of the chain are the fallbacks of the first."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        policy = world.policy
        self.model, *self.fallbacks = [named(name, world.providers[name].model) for name in policy["chain"]]
        self.options = {
            "timeout": policy["timeouts"]["first_token_s"],
            "num_retries": policy["retries"]["max"],
            "max_retries": 0,
            "drop_params": True,
        }

    def complete(self, request: Request) -> Reply:
        answer = self.litellm.completion(**self._asked(request))
        return reply_of(answer, *served(answer))

    async def acomplete(self, request: Request) -> Reply:
        answer = await self.litellm.acompletion(**self._asked(request))
        return reply_of(answer, *served(answer))

    def stream(self, request: Request) -> Iterator[Chunk]:
        events = []
        for event in self.litellm.completion(**self._asked(request), **STREAMED):
            yield from chunks_of(event, served(event)[0])
            events.append(event)
        yield self.streamed_cost(events)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        events = []
        async with aclosing(await self.litellm.acompletion(**self._asked(request), **STREAMED)) as stream:
            async for event in stream:
                for chunk in chunks_of(event, served(event)[0]):
                    yield chunk
                events.append(event)
        yield self.streamed_cost(events)

    def _asked(self, request: Request) -> dict[str, Any]:
        return {"model": self.model, "fallbacks": self.fallbacks, **asked(request), **self.options}
