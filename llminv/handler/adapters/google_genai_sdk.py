"""The Google Gen AI SDK alone: one provider, with the retries and the timeout that the SDK has by itself.

It is asked for text: what a caller says of tools would be translated by this file, and not by the SDK.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Reply, Request, ToolCall, Usage, World
from llminv.handler.adapters.plain_text import system_of, turns_of

# A library's values are of its own types, which are not there when this is checked, hence Any.

ROLES = {"assistant": "model"}


class Handler:
    """`generate_content` and `generate_content_stream` of `genai.Client`."""

    def __init__(self, world: World) -> None:
        genai, self.types = import_module("google.genai"), import_module("google.genai.types")
        (self.provider,) = world.policy["chain"]
        access = world.providers[self.provider]
        policy = world.policy
        retries, backoff = policy["retries"], policy["retries"]["backoff"]
        retry_options = self.types.HttpRetryOptions(
            attempts=retries["max"] + 1,
            initial_delay=backoff["first_s"],
            exp_base=backoff["factor"],
            max_delay=backoff["cap_s"],
            jitter=0,
        )
        options = self.types.HttpOptions(
            base_url=access.base_url,
            timeout=int(policy["timeouts"]["first_token_s"] * 1000),
            retry_options=retry_options,
        )
        self.model = access.model
        self.client = genai.Client(api_key=access.api_key, http_options=options)

    def complete(self, request: Request) -> Reply:
        return self._reply(self.client.models.generate_content(**self._asked(request)))

    async def acomplete(self, request: Request) -> Reply:
        return self._reply(await self.client.aio.models.generate_content(**self._asked(request)))

    def stream(self, request: Request) -> Iterator[Chunk]:
        with closing(self.client.models.generate_content_stream(**self._asked(request))) as answers:
            for answer in answers:
                yield from self._chunks(answer)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        asked = self._asked(request)
        async with aclosing(await self.client.aio.models.generate_content_stream(**asked)) as answers:
            async for answer in answers:
                for chunk in self._chunks(answer):
                    yield chunk

    async def aclose(self) -> None:
        self.client.close()
        await self.client.aio.aclose()

    def _asked(self, request: Request) -> dict[str, Any]:
        turns = [
            self.types.Content(
                role=ROLES.get(turn["role"], "user"), parts=[self.types.Part(text=turn["content"])]
            )
            for turn in turns_of(request)
        ]
        config = self.types.GenerateContentConfig(system_instruction=system_of(request) or None)
        return {"model": self.model, "contents": turns, "config": config}

    def _reply(self, answer: Any) -> Reply:
        calls = [_call(part.function_call) for part in _parts(answer) if part.function_call]
        text = "".join(part.text for part in _parts(answer) if part.text and not part.thought)
        reason, usage = _reason(answer), _usage(answer.usage_metadata)
        return Reply(text, calls, reason, usage, self.provider, answer.model_version)

    def _chunks(self, answer: Any) -> Iterator[Chunk]:
        reply = self._reply(answer)
        for call in reply.tool_calls:
            yield Chunk(tool_call=call)
        yield Chunk(reply.text, None, reply.finish_reason, reply.usage, reply.provider, reply.model)


def _parts(answer: Any) -> list[Any]:
    return (answer.candidates[0].content and answer.candidates[0].content.parts) or []


def _reason(answer: Any) -> str | None:
    reason = answer.candidates[0].finish_reason
    return reason and str(reason.value)


def _call(call: Any) -> ToolCall:
    return ToolCall(call.id, call.name, json.dumps(call.args or {}))


def _usage(usage: Any) -> Usage | None:
    if usage is None:
        return None
    thought, said = usage.thoughts_token_count, usage.candidates_token_count
    made = None if said is None and thought is None else (said or 0) + (thought or 0)
    return Usage(usage.prompt_token_count, made, usage.cached_content_token_count, None, thought)
