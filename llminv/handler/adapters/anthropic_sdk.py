"""The Anthropic SDK alone: one provider, with the retries and the timeout that the SDK has by itself.

It is asked for text: what a caller says of tools would be translated by this file, and not by the SDK.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Reply, Request, ToolCall, Usage, World
from llminv.handler.adapters.plain_text import system_of, turns_of

# A library's values are of its own types, which are not there when this is checked, hence Any.

# The API demands a limit.
MAX_TOKENS = 4_096


class Handler:
    """`messages.create` of Anthropic and AsyncAnthropic."""

    def __init__(self, world: World) -> None:
        anthropic = import_module("anthropic")
        (self.provider,) = world.policy["chain"]
        access = world.providers[self.provider]
        options = {
            "api_key": access.api_key,
            "base_url": access.base_url,
            "timeout": world.policy["timeouts"]["first_token_s"],
            "max_retries": world.policy["retries"]["max"],
        }
        self.model = access.model
        self.blocking = anthropic.Anthropic(**options)
        self.waiting = anthropic.AsyncAnthropic(**options)

    def complete(self, request: Request) -> Reply:
        return self._reply(self.blocking.messages.create(**self._asked(request)))

    async def acomplete(self, request: Request) -> Reply:
        return self._reply(await self.waiting.messages.create(**self._asked(request)))

    def stream(self, request: Request) -> Iterator[Chunk]:
        with self.blocking.messages.stream(**self._asked(request)) as events:
            for event in events:
                yield from self._chunks(event)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        async with self.waiting.messages.stream(**self._asked(request)) as events:
            async for event in events:
                for chunk in self._chunks(event):
                    yield chunk

    async def aclose(self) -> None:
        self.blocking.close()
        await self.waiting.close()

    def _asked(self, request: Request) -> dict[str, Any]:
        asked = {"model": self.model, "max_tokens": MAX_TOKENS, "messages": turns_of(request)}
        system = system_of(request)
        return asked | {"system": system} if system else asked

    def _reply(self, answer: Any) -> Reply:
        texts = [block.text for block in answer.content if block.type == "text"]
        calls = [_call(block) for block in answer.content if block.type == "tool_use"]
        usage = _usage(answer.usage)
        return Reply("".join(texts), calls, answer.stop_reason, usage, self.provider, answer.model)

    def _chunks(self, event: Any) -> Iterator[Chunk]:
        if event.type == "text":
            yield Chunk(event.text)
        elif event.type == "content_block_stop" and event.content_block.type == "tool_use":
            yield Chunk(tool_call=_call(event.content_block, event.index))
        elif event.type == "message_stop":
            answer = event.message
            yield Chunk("", None, answer.stop_reason, _usage(answer.usage), self.provider, answer.model)


def _call(block: Any, index: int | None = None) -> ToolCall:
    return ToolCall(block.id, block.name, json.dumps(block.input), index)


def _usage(usage: Any) -> Usage:
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    whole = usage.input_tokens + (read or 0) + (written or 0)
    return Usage(whole, usage.output_tokens, read, written)
