"""Anthropic's Messages through the official SDK: https://docs.anthropic.com/en/api/messages."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anthropic

from byok.faults import MALFORMED_ERRORS, malformed, status_fault, transport_fault
from byok.reply import arguments_of, tokens, told, total, whole_reply
from byok.request import (
    as_object,
    chosen_tool,
    stop_sequences,
    system_prompts,
    text_of,
    turns,
    wants_json,
)
from byok.transport import BoundedClient
from llminv.contract import Message, Reply, Request, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from anthropic.types import Message as Answer
    from anthropic.types import RawMessageStreamEvent
    from pydantic import BaseModel

    from byok.streaming import PartialCall, StreamedAnswer

# The API demands a limit. What a model says in the 60 s of an attempt is shorter.
MAX_TOKENS = 4096
# The API has no JSON mode without a schema.
JSON_ONLY = "Answer with a single JSON object and with nothing else."

# What the counting endpoint does not take: https://docs.anthropic.com/en/api/messages-count-tokens.
_NOT_COUNTED = frozenset({"max_tokens", "stop_sequences"})
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}
_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}

# Requests are JSON that the SDK types closely and passes on unchecked, hence Any below.


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Turn what the SDK raises, and what reading its answer raises, into a ProviderError."""
    try:
        yield
    except anthropic.APIStatusError as error:
        raise status_fault(error, error.status_code, error.response.headers, error.body) from error
    except anthropic.APIConnectionError as error:
        raise transport_fault(error) from error
    except (anthropic.APIError, *MALFORMED_ERRORS) as error:
        raise malformed(error) from error


class AnthropicMessages:
    """One account at Anthropic."""

    def __init__(self, name: str, model: str, api_key: str) -> None:
        self.name = name
        self._model = model
        self._client = anthropic.AsyncAnthropic(api_key=api_key, max_retries=0, http_client=BoundedClient())

    async def complete(self, request: Request) -> Reply:
        """Return the answer; raise ProviderError for anything else."""
        arguments = self._arguments(request)
        with _failing():
            answer = await self._client.messages.create(**arguments)
            return self._reply(answer)

    async def stream(self, request: Request, answer: StreamedAnswer) -> AsyncGenerator[None, None]:
        """Read a stream into `answer`, event by event; raise ProviderError for anything but an answer."""
        arguments = {**self._arguments(request), "stream": True}
        reader = _Reader(answer)
        with _failing():
            async with await self._client.messages.create(**arguments) as events:
                async for event in events:
                    reader.read(event)
                    yield

    async def count_tokens(self, request: Request, model: str) -> int:
        """Return how many tokens the provider counts in a prompt for `model`; raise ProviderError if none."""
        arguments = self._arguments(request) | {"model": model}
        counted = {name: arguments[name] for name in arguments if name not in _NOT_COUNTED}
        with _failing():
            return (await self._client.messages.count_tokens(**counted)).input_tokens

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _arguments(self, request: Request) -> dict[str, Any]:
        """Return the arguments of the SDK's `create`.

        temperature and top_p stay behind: since Claude Opus 4.7 a request that has them is refused with
        400, and the SDK no longer takes them
        (https://platform.claude.com/docs/en/about-claude/model-deprecations#api-parameter-deprecations).
        """
        max_tokens = request.params.get("max_tokens")
        system = system_prompts(request) + ([JSON_ONLY] if wants_json(request) else [])
        arguments = {
            "model": self._model,
            "max_tokens": MAX_TOKENS if max_tokens is None else max_tokens,
            "messages": [_turn(messages) for messages in turns(request)],
            "system": [{"type": "text", "text": text} for text in system] or None,
            "stop_sequences": stop_sequences(request),
            "tools": [_tool(tool["function"]) for tool in request.tools] or None,
            "tool_choice": _choice(request),
        }
        return {name: value for name, value in arguments.items() if value is not None}

    def _reply(self, answer: Answer) -> Reply:
        texts = [block.text for block in answer.content if block.type == "text"]
        return whole_reply(
            # A turn that needs no words has no block of text, but it has ended for a reason.
            "".join(texts) if texts or answer.stop_reason else None,
            [
                ToolCall(id=block.id, name=block.name, arguments=arguments_of(block.input))
                for block in answer.content
                if block.type == "tool_use"
            ],
            _FINISH_REASONS.get(answer.stop_reason or "", answer.stop_reason),
            usage=None if answer.usage is None else _usage(told(answer.usage)),
            provider=self.name,
            model=answer.model,
        )


class _Reader:
    """Reads the events of one stream. The answer is finished with message_stop, once a reason was given.

    Events and deltas of other types are skipped, as the API asks its clients to.
    """

    def __init__(self, answer: StreamedAnswer) -> None:
        self._answer = answer
        self._reason: str | None = None
        self._counts: dict[str, Any] = {}
        self._calls: dict[int, PartialCall] = {}  # by the number of their block

    def read(self, event: RawMessageStreamEvent) -> None:
        """Tell the answer what an event says."""
        if event.type == "message_start":
            self._answer.model = event.message.model
            self._count(event.message.usage)
        elif event.type == "content_block_start":
            block = event.content_block
            if block.type == "tool_use":
                self._calls[event.index] = self._answer.open_call(block.id, block.name)
            elif block.type == "text":
                self._answer.say(block.text)
        elif event.type == "content_block_delta":
            self._delta(event.index, event.delta)
        elif event.type == "message_delta":
            self._reason = event.delta.stop_reason or self._reason
            self._count(event.usage)
        elif event.type == "message_stop":
            self._answer.ended = True
            self._answer.finish(_FINISH_REASONS.get(self._reason or "", self._reason))

    def _delta(self, index: int, delta: Any) -> None:  # Any: the SDK has a class for each type
        if delta.type == "text_delta":
            self._answer.say(delta.text)
        elif delta.type == "input_json_delta":
            self._answer.add_to(self._calls[index], delta.partial_json)
        elif delta.type == "thinking_delta" and delta.thinking:
            self._answer.go_on()

    def _count(self, usage: BaseModel | None) -> None:
        if usage is not None:
            self._counts |= told(usage)  # counts grow, or come in parts
            self._answer.usage = _usage(self._counts)


def _turn(messages: list[Message]) -> dict[str, Any]:
    role = messages[0]["role"]
    if role != "tool":
        return {"role": role, "content": _content(messages[0])}
    results = [
        {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": text_of(message)}
        for message in messages
    ]
    return {"role": "user", "content": results}


def _content(message: Message) -> str | list[dict[str, Any]]:
    calls = message.get("tool_calls") or ()
    if not calls:
        return text_of(message)
    text = text_of(message)  # an empty block of text is refused
    return ([{"type": "text", "text": text}] if text else []) + [
        {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": as_object(call["function"]["arguments"], "invalid_json"),
        }
        for call in calls
    ]


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    tool = {"name": function["name"], "input_schema": function.get("parameters") or {"type": "object"}}
    return tool | ({"description": function["description"]} if function.get("description") else {})


def _choice(request: Request) -> dict[str, str] | None:
    name = chosen_tool(request)
    if name is not None:
        return {"type": "tool", "name": name}
    return None if request.tool_choice is None else {"type": _CHOICES[str(request.tool_choice)]}


def _usage(counts: Mapping[str, Any]) -> Usage:
    """Return the usage: on the wire, input_tokens does not contain what the cache read or wrote."""
    read = tokens(counts.get("cache_read_input_tokens"))
    written = tokens(counts.get("cache_creation_input_tokens"))
    details = counts.get("output_tokens_details")
    return Usage(
        input_tokens=total(tokens(counts.get("input_tokens")), read, written),
        output_tokens=tokens(counts.get("output_tokens")),
        cached_input_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=tokens(details.thinking_tokens) if details else None,
    )
