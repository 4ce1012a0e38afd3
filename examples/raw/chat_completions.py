"""Chat Completions, as OpenAI and DeepSeek stream it.

https://platform.openai.com/docs/api-reference/chat-streaming,
https://api-docs.deepseek.com/api/create-chat-completion
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.contract import Request, Usage
from raw.answer import AnswerReader, Call, Json, text, tokens
from raw.errors import ProviderError
from raw.policy import FaultClass
from raw.request import SYSTEM_ROLES, Post, post, text_of

# DeepSeek ran out of machines halfway; gateways say that the provider behind them failed.
_BROKEN_OFF = frozenset({"insufficient_system_resource", "error"})


def openai_post(base_url: str, key: str, model: str, request: Request) -> Post:
    """Return the request; the neutral form is OpenAI's own, so it passes as it is."""
    return _post(base_url, key, model, request, list(request.messages))


def deepseek_post(base_url: str, key: str, model: str, request: Request) -> Post:
    """Return the request without what only OpenAI has: a role for developers, text in parts."""
    messages = [
        {
            **message,
            "role": "system" if message["role"] in SYSTEM_ROLES else message["role"],
            "content": None if message.get("content") is None else text_of(message),
        }
        for message in request.messages
    ]
    return _post(base_url, key, model, request, messages)


def _post(base_url: str, key: str, model: str, request: Request, messages: list[Json]) -> Post:
    body = {
        **request.params,
        "model": model,
        "messages": messages,
        "tools": list(request.tools) or None,
        "tool_choice": request.tool_choice,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return post(f"{base_url}/chat/completions", {"authorization": f"Bearer {key}"}, body)


class ChatCompletionsReader(AnswerReader):
    """Complete with a finish reason. Usage may follow it, `[DONE]` need not: what matters has been said."""

    finish_reasons = MappingProxyType({"function_call": "tool_calls"})

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._refused = False
        self._by_id: dict[str, Call] = {}
        self._by_index: dict[int | None, Call] = {}

    def _data(self, data: str) -> None:
        if data.strip() == "[DONE]":
            self.ended = True
        else:
            super()._data(data)

    def _event(self, body: Json) -> None:
        self._model = text(body.get("model")) or self._model
        self._used(body.get("usage"))
        for choice in body.get("choices") or ():  # none where only usage, or a filter's result, is told
            if choice.get("index", 0) == 0:
                self._choice(choice["delta"] or {}, choice.get("finish_reason"))

    def _choice(self, delta: Json, finish_reason: str | None) -> None:
        self._say(delta.get("content"))
        self._think(delta.get("reasoning_content"))
        for fragment in delta.get("tool_calls") or ():
            self._fragment(fragment)
        self._refused |= bool(delta.get("refusal"))
        self._say(delta.get("refusal"))
        if finish_reason in _BROKEN_OFF:
            raise ProviderError(FaultClass.UNAVAILABLE, f"finish reason {finish_reason}")
        self._finished("content_filter" if finish_reason and self._refused else finish_reason)

    def _fragment(self, fragment: Json) -> None:
        """Add a fragment of a tool call to its call.

        By the format, calls are told apart by index, and only the first fragment has an id. Imitators send
        index 0 for all calls (https://github.com/BerriAI/litellm/issues/33678) or none at all
        (https://github.com/agno-agi/agno/issues/3826). So: an id that is new opens a call. Without an id it
        is the latest call with that index; without an index, the latest of all, unless a name opens another.
        """
        index, call_id = fragment.get("index"), fragment.get("id")
        function = fragment.get("function") or {}
        if call_id:
            call = self._by_id.get(call_id)
        else:
            call = None if index is None and function.get("name") else self._by_index.get(index)
        if call is None:
            call = Call(text(call_id) or None)
            self._calls.append(call)
        if call_id:
            self._by_id[call_id] = call
        self._by_index[index] = self._by_index[None] = call
        call.name = call.name or text(function.get("name")) or None
        call.arguments.append(text(function.get("arguments")))
        self.moved = True

    def _total(self, usage: Mapping[str, Json]) -> Usage:
        return Usage(
            input_tokens=tokens(usage, "prompt_tokens"),
            output_tokens=tokens(usage, "completion_tokens"),
            cached_input_tokens=tokens(usage, "prompt_tokens_details", "cached_tokens"),
            cache_write_tokens=tokens(usage, "prompt_tokens_details", "cache_write_tokens"),
            reasoning_tokens=tokens(usage, "completion_tokens_details", "reasoning_tokens"),
        )
