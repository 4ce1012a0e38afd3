"""LangChain's `with_fallbacks` over its chat models of the four providers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Reply, Request, ToolCall, Usage, World

# A library's values are of its own types, which are not there when this is checked, hence Any.

# Who makes the chat model of each provider, and what it has to be told to report usage in streams.
MODELS = {
    "openai": ("langchain_openai", "ChatOpenAI", {"stream_usage": True}),
    "anthropic": ("langchain_anthropic", "ChatAnthropic", {}),
    "deepseek": ("langchain_deepseek", "ChatDeepSeek", {"stream_usage": True}),
    "gemini": ("langchain_google_genai", "ChatGoogleGenerativeAI", {}),
}
# What it calls otherwise: a provider, and the tokens written to a cache.
PROVIDERS = {"google_genai": "gemini"}
WRITTEN = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


class Handler:
    """Chat models with `timeout` and `max_retries` as declared, the first with the others behind it."""

    def __init__(self, world: World) -> None:
        policy = world.policy
        options = {"timeout": policy["timeouts"]["first_token_s"], "max_retries": policy["retries"]["max"]}
        self.models = []
        for name in policy["chain"]:
            module, attribute, others = MODELS[name]
            access = world.providers[name]
            model = getattr(import_module(module), attribute)
            self.models.append(model(model=access.model, api_key=access.api_key, **options, **others))

    def complete(self, request: Request) -> Reply:
        return _reply(self._chain(request).invoke(list(request.messages)))

    async def acomplete(self, request: Request) -> Reply:
        return _reply(await self._chain(request).ainvoke(list(request.messages)))

    def stream(self, request: Request) -> Iterator[Chunk]:
        whole = None
        with closing(self._chain(request).stream(list(request.messages))) as messages:
            for message in messages:
                yield from _chunks(message)
                whole = message if whole is None else whole + message
        yield _last(whole)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        whole = None
        async with aclosing(self._chain(request).astream(list(request.messages))) as messages:
            async for message in messages:
                for chunk in _chunks(message):
                    yield chunk
                whole = message if whole is None else whole + message
        yield _last(whole)

    def _chain(self, request: Request) -> Any:
        choice = _choice(request.tool_choice)
        tools = [] if choice == "none" else list(request.tools)  # not all of its models have a word for it
        models = [model.bind_tools(tools, tool_choice=choice) if tools else model for model in self.models]
        first, *others = [model.bind(**request.params) if request.params else model for model in models]
        return first.with_fallbacks(others)


def _choice(choice: Any) -> Any:
    """Return a tool choice in LangChain's words: the name of a tool, or "any" of them."""
    if isinstance(choice, dict):
        return choice["function"]["name"]
    return "any" if choice == "required" else choice


def _reply(answer: Any) -> Reply:
    calls = [ToolCall(call["id"], call["name"], json.dumps(call["args"])) for call in answer.tool_calls]
    last = _last(answer)
    return Reply(answer.text, calls, last.finish_reason, last.usage, last.provider, last.model)


def _chunks(message: Any) -> Iterator[Chunk]:
    for call in message.tool_call_chunks:
        yield Chunk(tool_call=ToolCall(call["id"], call["name"], call["args"] or "", call["index"]))
    yield Chunk(message.text)


def _last(answer: Any) -> Chunk:
    """Return what stands in a whole answer; of a stream that is the sum of its messages."""
    said = answer.response_metadata
    reason = said.get("finish_reason") or said.get("stop_reason")
    provider = said.get("model_provider")
    named = PROVIDERS.get(provider, provider), said.get("model_name")
    return Chunk("", None, reason, _usage(answer.usage_metadata), *named)


def _usage(counted: dict[str, Any] | None) -> Usage | None:
    if counted is None:
        return None
    read, made = counted.get("input_token_details") or {}, counted.get("output_token_details") or {}
    # What was written to a cache is counted under the time for which it is kept, if that was said.
    written = [read[name] for name in WRITTEN if name in read]
    whole = counted["input_tokens"], counted["output_tokens"], read.get("cache_read")
    return Usage(*whole, sum(written) if written else None, made.get("reasoning"))
