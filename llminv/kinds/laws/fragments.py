"""The calls of tools that a caller got, put together from chunks; and what a stream can say of them.

A chunk's call is a whole one or a fragment of one. To which call a fragment belongs follows from what it
has. An id names its call, and a new one opens one. Without an id, it is the latest call with its index.
With neither, it is the latest of all, unless it has a name, which opens another. Of id and name the first
word counts; arguments are joined in order. A handler that hands a provider's fragments on as they are is as
right as one that puts them together.

Chat Completions gives each call an index and its id and name with the first fragment
(https://platform.openai.com/docs/api-reference/chat-streaming). Imitators send index 0 for all calls, each
whole (https://github.com/BerriAI/litellm/issues/33678), or no index
(https://github.com/agno-agi/agno/issues/3826). Of all that could come, `FORMS` is what has exactly one
sensible reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from llminv.contract import Chunk, Reply, ToolCall
from llminv.kinds.laws.called import read
from llminv.scenario import Said

# For each `Said.tool_index` the `Said.tool_fragments` in which it is clear what belongs to which call.
FORMS: Mapping[str, tuple[str, ...]] = {
    "given": ("in_order", "interleaved", "at_once"),
    "missing": ("in_order", "at_once"),
    "repeated": ("at_once",),
}


def clear(said: Said) -> bool:
    """Return whether what a provider says of calls, whole or streamed, has exactly one sensible reading."""
    ids = [call.id for call in said.tool_calls if call.id]
    objects = all(call.name and read(call.arguments) is not None for call in said.tool_calls)
    return said.tool_fragments in FORMS.get(said.tool_index, ()) and objects and len(ids) == len(set(ids))


@dataclass
class _Call:
    id: str | None = None
    name: str | None = None
    arguments: list[str] = field(default_factory=list)


def calls_of(parts: Iterable[Reply | Chunk]) -> list[ToolCall]:
    """Return the calls that a caller got, whole or in chunks."""
    whole: list[ToolCall] = []
    calls: list[_Call] = []
    by_id: dict[str, _Call] = {}
    by_index: dict[int | None, _Call] = {}
    for part in parts:
        if isinstance(part, Reply):
            whole += part.tool_calls
        elif part.tool_call is not None:
            _add(part.tool_call, calls, by_id, by_index)
    return [*whole, *(ToolCall(call.id, call.name, "".join(call.arguments)) for call in calls)]


def _add(
    fragment: ToolCall, calls: list[_Call], by_id: dict[str, _Call], by_index: dict[int | None, _Call]
) -> None:
    if fragment.id:
        call = by_id.get(fragment.id)
    elif fragment.index is None and fragment.name:
        call = None
    else:
        call = by_index.get(fragment.index)
    if call is None:
        call = _Call()
        calls.append(call)
    if fragment.id:
        by_id[fragment.id] = call
    by_index[fragment.index] = by_index[None] = call
    call.id = call.id or fragment.id
    call.name = call.name or fragment.name
    call.arguments.append(fragment.arguments)
