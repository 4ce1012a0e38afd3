"""What llminv and a handler say to each other: the only module of llminv that a handler may import.

A handler is any object with at least one of the operations of `OPERATIONS`; each is optional, and
absent means not offered. All values are frozen; a field left None is *not reported*, which is
different from zero. Money is never held as a float by llminv itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

# The operations a handler may offer, with the call that llminv makes.
OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "complete": "complete(request) -> Reply",
        "acomplete": "await acomplete(request) -> Reply",
        "stream": "stream(request) -> iterator of Chunk",
        "astream": "astream(request) -> async iterator of Chunk",
        "count_tokens": "count_tokens(text_or_messages, *, provider, model, tools=()) -> int",
        "cost": "cost(usage, *, provider, model) -> Decimal | float | int | str",
    }
)

# A chat message in the shape of OpenAI's Chat Completions: {"role": ..., "content": ...}.
# The values are JSON, hence Any.
Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `input_tokens` contains the cached ones, `output_tokens` the reasoning ones."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that the model asks for; `arguments` is JSON text, exactly as it was sent."""

    id: str | None = None
    name: str | None = None
    arguments: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller wants: messages and tools in OpenAI's shape; `start` is the provider to try first.

    `overrides` maps a provider's name to what this call has it asked with, in place of what the handler
    would use by itself: an `api_key`, a `model`, or `params` that come on top of the others.
    """

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: str | Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; `provider` and `model` are those that served it."""

    text: str
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    provider: str | None = None
    model: str | None = None
    cost: Decimal | float | int | str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a streamed answer; the last ones carry finish reason and usage where known.

    `tool_call` is a whole call of a tool, or a fragment of one: fragments of one call have the same id, or
    the same index, and their arguments are joined in order.
    """

    text: str = ""
    tool_call: ToolCall | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    provider: str | None = None
    model: str | None = None
    cost: Decimal | float | int | str | None = None


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """How to reach one provider: `api_key` is a canary that stays the same within a process."""

    base_url: str
    api_key: str
    model: str


@dataclass(frozen=True, slots=True)
class World:
    """What a handler's factory may ask for: the declared providers, policy and prices, as plain data.

    `prices["models"][provider][model]` is a list of rows (several only where prices change on a day) with
    the price, as text, of `prices["unit"]` tokens in each bucket that has one.
    """

    providers: Mapping[str, ProviderAccess]
    policy: Mapping[str, Any]
    prices: Mapping[str, Any]
