"""The ways in which the same call can be made, and what the caller is told in each, whole or in chunks."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from llminv.contract import Usage
from llminv.declaration.fields import Choice
from llminv.history import ChunkReceived, History, Replied
from llminv.kinds.laws import routing

WAYS = routing.COMPLETE + routing.STREAM
# One of them, as a field of an invariant.
Way = Annotated[Literal["complete", "acomplete", "stream", "astream"], Choice()]


def reported_usage(history: History, call: int) -> Usage | None:
    """Return the usage that the caller of `call` was told, None where none was.

    Chunks may tell it in parts, or say again what an earlier one said: the last word on each bucket counts.
    """
    outcome = history.outcome(call)
    chunks = [event.chunk for event in history.of(ChunkReceived) if event.call == call]
    parts = [chunk.usage for chunk in chunks]
    if isinstance(outcome, Replied) and outcome.reply is not None:
        parts = [outcome.reply.usage]
    told = {
        field.name: count
        for usage in parts
        if usage is not None
        for field in fields(usage)
        if (count := getattr(usage, field.name)) is not None
    }
    return Usage(**told) if told else None


def wrong_buckets(said: Usage, reported: Usage) -> dict[str, tuple[int, int]]:
    """Return the buckets that are reported otherwise than they were said: both counts of each.

    A bucket of which a provider says nothing may be reported as 0. Nothing is wrong where what was said makes
    no sense: a part that is larger than the whole.
    """
    counts = {field.name: getattr(said, field.name) or 0 for field in fields(Usage)}
    cached = counts["cached_input_tokens"] + counts["cache_write_tokens"]
    if counts["input_tokens"] < cached or counts["output_tokens"] < counts["reasoning_tokens"]:
        return {}
    told = {name: getattr(reported, name) for name in counts}
    return {
        name: (counts[name], count)
        for name, count in told.items()
        if count is not None and count != counts[name]
    }
