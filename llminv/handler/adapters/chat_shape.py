"""Answers in the shape of OpenAI's Chat Completions as Replies and Chunks: what openai and litellm return."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llminv.contract import Chunk, Reply, Request, ToolCall, Usage

# A library's values are of its own types, which are not there when this is checked, hence Any.

STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def asked(request: Request) -> dict[str, Any]:
    """Return what both take for a request, apart from the model."""
    values = {"tools": list(request.tools) or None, "tool_choice": request.tool_choice, **request.params}
    said = {name: value for name, value in values.items() if value is not None}
    return {"messages": list(request.messages), **said}


def reply_of(answer: Any, provider: str | None, cost: float | None = None) -> Reply:
    """Return a whole answer."""
    choice = answer.choices[0]
    calls = [
        ToolCall(call.id, call.function.name, call.function.arguments)
        for call in choice.message.tool_calls or ()
    ]
    text = choice.message.content or ""
    usage = usage_of(answer.usage)
    return Reply(text, calls, choice.finish_reason, usage, provider, answer.model, cost)


def chunks_of(event: Any, provider: str | None) -> Iterator[Chunk]:
    """Yield what one event of a stream says: one chunk, and one more for each fragment of a tool call."""
    choice = event.choices[0] if event.choices else None
    for call in (choice.delta.tool_calls if choice else None) or ():
        function = call.function
        fragment = ToolCall(
            call.id, function and function.name, (function and function.arguments) or "", call.index
        )
        yield Chunk(tool_call=fragment, provider=provider, model=event.model)
    yield Chunk(
        (choice and choice.delta.content) or "",
        finish_reason=choice.finish_reason if choice else None,
        usage=usage_of(getattr(event, "usage", None)),
        provider=provider,
        model=event.model,
    )


def usage_of(usage: Any) -> Usage | None:
    """Return a usage; what a library does not report is not reported."""
    if usage is None:
        return None
    read, made = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        getattr(read, "cached_tokens", None),
        getattr(read, "cache_creation_tokens", None),
        getattr(made, "reasoning_tokens", None),
    )
