"""Putting a reply together from what a provider reports, and from nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from byok.cost import reply_cost
from llminv.contract import Reply, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel  # of which all three SDKs make their values


def whole_reply(
    text: str | None,
    tool_calls: Sequence[ToolCall],
    finish_reason: str | None,
    *,
    usage: Usage | None,
    provider: str,
    model: object,
) -> Reply:
    """Return the reply; raise ValueError or TypeError where it is not whole.

    An answer may be empty (""). One without text (None), without tool calls and without a reason to lack
    both is not an answer.
    """
    if text is None and not tool_calls and finish_reason not in {"length", "content_filter"}:
        raise ValueError("an answer with neither text nor tool calls")
    said = [text or "", *(part for call in tool_calls for part in (call.name, call.arguments))]
    if not all(isinstance(part, str) for part in said):
        raise TypeError("what an answer says is not text")
    return Reply(
        text=text or "",
        tool_calls=tuple(tool_calls),
        finish_reason=finish_reason,
        usage=usage,
        provider=provider,
        model=model if isinstance(model, str) else None,
        cost=reply_cost(usage, provider, model),
    )


def told(usage: BaseModel) -> dict[str, Any]:
    """Return what a usage tells, by the names of its fields; what is left out is not 0."""
    return {name: value for name, value in usage if value is not None}


def arguments_of(value: object) -> str:
    """Return the arguments of a tool call, which came as an object, as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def tokens(value: object) -> int | None:
    """Return a token count, None for what is none: a provider that reports nothing did not report 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def total(main: int | None, *more: int | None) -> int | None:
    """Return the sum of what is reported, None where the main count is not."""
    return None if main is None else main + sum(count or 0 for count in more)
