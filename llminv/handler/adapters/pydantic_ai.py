"""pydantic-ai's FallbackModel over the models of the four providers, by its direct requests."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Message, Reply, Request, ToolCall, Usage, World
from llminv.handler.adapters.plain_text import SYSTEM_ROLES, text_of

# A library's values are of its own types, which are not there when this is checked, hence Any.

# The model and the provider of each wire format.
MODELS = {
    "openai": ("models.openai", "OpenAIChatModel", "providers.openai", "OpenAIProvider"),
    "anthropic": ("models.anthropic", "AnthropicModel", "providers.anthropic", "AnthropicProvider"),
    "deepseek": ("models.openai", "OpenAIChatModel", "providers.deepseek", "DeepSeekProvider"),
    "gemini": ("models.google", "GoogleModel", "providers.google", "GoogleProvider"),
}
# What it calls otherwise: a provider, and parameters.
PROVIDERS = {"google": "gemini"}
PARAMS = {"stop": "stop_sequences"}


class Handler:
    """Each provider as a model; `max_retries` and `timeout` as the policy has them.

    A model's client belongs to one running event loop at a time (https://ai.pydantic.dev/api/providers/), and
    each thread that makes blocking calls has a loop of its own: so each has its own models.
    """

    def __init__(self, world: World) -> None:
        self.direct, self.messages, self.models = map(_module, ("direct", "messages", "models"))
        self.tools = _module("tools")
        self.world, self.of_thread = world, threading.local()
        policy = world.policy
        self.settings = {
            "timeout": policy["timeouts"]["first_token_s"],
            "max_retries": policy["retries"]["max"],
        }

    def complete(self, request: Request) -> Reply:
        return _reply(self.direct.model_request_sync(**self._asked(request)))

    async def acomplete(self, request: Request) -> Reply:
        return _reply(await self.direct.model_request(**self._asked(request)))

    def stream(self, request: Request) -> Iterator[Chunk]:
        with self.direct.model_request_stream_sync(**self._asked(request)) as events:
            for event in events:
                yield from _chunks(event)
            yield from _last(events.response)

    async def astream(self, request: Request) -> AsyncIterator[Chunk]:
        async with self.direct.model_request_stream(**self._asked(request)) as events:
            async for event in events:
                for chunk in _chunks(event):
                    yield chunk
            for chunk in _last(events.get()):
                yield chunk

    def _asked(self, request: Request) -> dict[str, Any]:
        settings = self.settings | {PARAMS.get(name, name): value for name, value in request.params.items()}
        tools = [
            self.tools.ToolDefinition(
                name=tool["function"]["name"],
                description=tool["function"].get("description"),
                parameters_json_schema=tool["function"].get("parameters", {}),
            )
            for tool in request.tools
        ]
        choice = request.tool_choice
        settings["tool_choice"] = [choice["function"]["name"]] if isinstance(choice, dict) else choice
        names = {call["id"]: call["function"]["name"] for call in _calls_in(request.messages)}
        return {
            "model": self._fallback_model(),
            "messages": [self._message(message, names) for message in request.messages],
            "model_settings": settings,
            "model_request_parameters": self.models.ModelRequestParameters(function_tools=tools),
        }

    def _fallback_model(self) -> Any:
        if not hasattr(self.of_thread, "model"):
            chain = [_model(name, self.world) for name in self.world.policy["chain"]]
            self.of_thread.model = _module("models.fallback").FallbackModel(*chain)
        return self.of_thread.model

    def _message(self, message: Message, names: dict[str, str]) -> Any:
        said, role = self.messages, message["role"]
        if role == "assistant":
            parts = [said.TextPart(text_of(message))] if text_of(message) else []
            for call in _calls_in([message]):
                function = call["function"]
                parts.append(said.ToolCallPart(function["name"], function["arguments"], call["id"]))
            return said.ModelResponse(parts)
        if role == "tool":
            called = message["tool_call_id"]
            return said.ModelRequest([said.ToolReturnPart(names[called], text_of(message), called)])
        part = said.SystemPromptPart if role in SYSTEM_ROLES else said.UserPromptPart
        return said.ModelRequest([part(text_of(message))])


def _module(name: str) -> Any:
    return import_module(f"pydantic_ai.{name}")


def _calls_in(messages: Sequence[Message]) -> Iterator[Any]:
    for message in messages:
        yield from message.get("tool_calls") or ()


def _model(name: str, world: World) -> Any:
    module, model, provider_module, provider = MODELS[name]
    access = world.providers[name]
    made = getattr(_module(provider_module), provider)(api_key=access.api_key)
    return getattr(_module(module), model)(access.model, provider=made)


def _reply(answer: Any) -> Reply:
    calls = [_call(part) for part in answer.tool_calls]
    return Reply(
        answer.text or "",
        calls,
        answer.finish_reason,
        _usage(answer.usage),
        PROVIDERS.get(answer.provider_name, answer.provider_name),
        answer.model_name,
    )


def _call(part: Any) -> ToolCall:
    return ToolCall(part.tool_call_id, part.tool_name, part.args_as_json_str())


def _chunks(event: Any) -> Iterator[Chunk]:
    if event.event_kind == "part_start" and event.part.part_kind == "text":
        yield Chunk(event.part.content)
    elif event.event_kind == "part_delta" and event.delta.part_delta_kind == "text":
        yield Chunk(event.delta.content_delta)


def _last(answer: Any) -> Iterator[Chunk]:
    """Yield what stands in the response at the end of a stream: calls of tools are whole there."""
    reply = _reply(answer)
    yield from (Chunk(tool_call=call) for call in reply.tool_calls)
    yield Chunk("", None, reply.finish_reason, reply.usage, reply.provider, reply.model)


def _usage(usage: Any) -> Usage | None:
    if usage.unmeasured_requests:
        return None
    return Usage(
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.output_reasoning_tokens,
    )
