"""Anthropic's Messages: https://docs.anthropic.com/en/api/messages and .../messages-streaming."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.contract import Message, Request, Usage
from raw.answer import AnswerReader, Call, Json, text, tokens, total
from raw.request import (
    JSON_MODE,
    Post,
    as_object,
    chosen_tool,
    post,
    stop_sequences,
    system_prompts,
    text_of,
    turns,
)

VERSION = "2023-06-01"
# The API demands a limit; what a model says in the 60 s of an attempt is shorter.
MAX_TOKENS = 4096
# The API has no JSON mode without a schema.
JSON_ONLY = "Answer with a single JSON object and with nothing else."
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def anthropic_post(base_url: str, key: str, model: str, request: Request) -> Post:
    """Return the request.

    temperature and top_p stay behind: from Claude Opus 4.7 on, a request that has them is refused with 400
    (https://platform.claude.com/docs/en/about-claude/model-deprecations#api-parameter-deprecations).
    """
    wants_json = request.params.get("response_format") == JSON_MODE
    system = [*system_prompts(request), *([JSON_ONLY] if wants_json else [])]
    max_tokens = request.params.get("max_tokens")
    body = {
        "model": model,
        "max_tokens": MAX_TOKENS if max_tokens is None else max_tokens,
        "system": [{"type": "text", "text": prompt} for prompt in system] or None,
        "messages": [_turn(messages) for messages in turns(request)],
        "stop_sequences": stop_sequences(request),
        "tools": [_tool(tool["function"]) for tool in request.tools] or None,
        "tool_choice": _choice(request),
        "stream": True,
    }
    return post(f"{base_url}/v1/messages", {"x-api-key": key, "anthropic-version": VERSION}, body)


def _turn(messages: list[Message]) -> dict[str, Json]:
    first = messages[0]
    if first["role"] == "tool":
        results = [
            {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": text_of(message)}
            for message in messages
        ]
        return {"role": "user", "content": results}
    said = text_of(first)
    calls = [
        {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": as_object(call["function"]["arguments"], "invalid_json"),
        }
        for call in first.get("tool_calls") or ()
    ]
    blocks = [*([{"type": "text", "text": said}] if said else []), *calls]  # an empty block is refused
    return {"role": first["role"], "content": blocks if calls else said}


def _tool(function: Mapping[str, Json]) -> dict[str, Json]:
    schema = function.get("parameters") or {"type": "object"}
    described = {"description": function["description"]} if function.get("description") else {}
    return {"name": function["name"], "input_schema": schema, **described}


def _choice(request: Request) -> dict[str, str] | None:
    name = chosen_tool(request)
    if name is not None:
        return {"type": "tool", "name": name}
    return None if request.tool_choice is None else {"type": _CHOICES[str(request.tool_choice)]}


class AnthropicMessagesReader(AnswerReader):
    """Complete with message_stop, once a message_delta has said why.

    Unknown events and deltas are skipped, as the API asks its clients to.
    """

    finish_reasons = MappingProxyType(
        {
            "end_turn": "stop",
            "stop_sequence": "stop",
            "max_tokens": "length",
            "model_context_window_exceeded": "length",
            "tool_use": "tool_calls",
            "refusal": "content_filter",
        }
    )

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._by_block: dict[int, Call] = {}

    @property
    def complete(self) -> bool:
        """Whether the message has stopped, for a reason."""
        return self.ended and super().complete

    def _event(self, body: Json) -> None:
        kind = body["type"]
        if kind == "message_start":
            self._model = text(body["message"].get("model")) or None
            self._used(body["message"].get("usage"))
        elif kind == "content_block_start":
            self._block(body["index"], body["content_block"])
        elif kind == "content_block_delta":
            self._delta(body["index"], body["delta"])
        elif kind == "message_delta":
            self._finished(body["delta"].get("stop_reason"))
            self._used(body.get("usage"))
        elif kind == "message_stop":
            self.ended = True

    def _block(self, index: int, block: Json) -> None:
        if block["type"] == "tool_use":
            call = Call(text(block["id"]), text(block["name"]))
            self._by_block[index] = call
            self._calls.append(call)
            self.moved = True
        elif block["type"] == "text":
            self._say(block.get("text"))

    def _delta(self, index: int, delta: Json) -> None:
        if delta["type"] == "text_delta":
            self._say(delta["text"])
        elif delta["type"] == "input_json_delta":
            self._by_block[index].arguments.append(text(delta["partial_json"]))
            self.moved = True
        elif delta["type"] == "thinking_delta":
            self._think(delta["thinking"])

    def _total(self, usage: Mapping[str, Json]) -> Usage:
        """Return the usage: on the wire, input_tokens does not contain what the cache read or wrote."""
        read, written = tokens(usage, "cache_read_input_tokens"), tokens(usage, "cache_creation_input_tokens")
        return Usage(
            input_tokens=total(tokens(usage, "input_tokens"), read, written),
            output_tokens=tokens(usage, "output_tokens"),
            cached_input_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=tokens(usage, "output_tokens_details", "thinking_tokens"),
        )
