"""LangChain's `with_fallbacks` over its chat models of the four providers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Reply, Request, ToolCall, Usage, World

# A library's values are of its own types, which are not there when this is checked, hence Any.

# Who makes the chat model of each wire format.
MODELS = {
    "openai": ("langchain_openai", "ChatOpenAI"),
    "anthropic": ("langchain_anthropic", "ChatAnthropic"),
    "deepseek": ("langchain_deepseek", "ChatDeepSeek"),
    "gemini": ("langchain_google_genai", "ChatGoogleGenerativeAI"),
}


class Handler:
    """Chat models with `timeout` and `max_retries` as declared, the first with the others behind it."""

    def __init__(self, world: World) -> None:
        policy = world.policy
        options = {"timeout": policy["timeouts"]["first_token_s"], "max_retries": policy["retries"]["max"]}
        self.models = []
        for name in policy["chain"]:
            module, attribute = MODELS[name]
            access = world.providers[name]
            model = getattr(import_module(module), attribute)
            self.models.append(model(model=access.model, api_key=access.api_key, **options))

    def complete(self, request: Request) -> Reply:
        return _reply(self._chain(request).invoke(list(request.messages)))

    async def acomplete(self, request: Request) -> Reply:
        return _reply(await self._chain(request).ainvoke(list(request.messages)))

    def stream(self, request: Request) -> Iterator[Chunk]:
        for message in self._chain(request).stream(list(request.messages)):
            yield from _chunks(message)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        async for message in self._chain(request).astream(list(request.messages)):
            for chunk in _chunks(message):
                yield chunk

    def _chain(self, request: Request) -> Any:
        tools, choice = list(request.tools), request.tool_choice
        models = [model.bind_tools(tools, tool_choice=choice) if tools else model for model in self.models]
        first, *others = [model.bind(**request.params) if request.params else model for model in models]
        return first.with_fallbacks(others)


def _reply(answer: Any) -> Reply:
    said = answer.response_metadata
    calls = [ToolCall(call["id"], call["name"], json.dumps(call["args"])) for call in answer.tool_calls]
    usage = _usage(answer.usage_metadata)
    return Reply(answer.text, calls, _reason(said), usage, said.get("model_provider"), said.get("model_name"))


def _chunks(message: Any) -> Iterator[Chunk]:
    said = message.response_metadata
    for call in message.tool_call_chunks:
        yield Chunk(tool_call=ToolCall(call["id"], call["name"], call["args"] or "", call["index"]))
    usage = _usage(message.usage_metadata)
    served = said.get("model_provider"), said.get("model_name")
    yield Chunk(message.text, None, _reason(said), usage, *served)


def _reason(said: dict[str, Any]) -> str | None:
    return said.get("finish_reason") or said.get("stop_reason")


def _usage(counted: dict[str, Any] | None) -> Usage | None:
    if counted is None:
        return None
    read, made = counted.get("input_token_details") or {}, counted.get("output_token_details") or {}
    whole = counted["input_tokens"], counted["output_tokens"]
    return Usage(*whole, read.get("cache_read"), read.get("cache_creation"), made.get("reasoning"))
