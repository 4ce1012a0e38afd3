"""The ways in which the same call can be made, and what the caller is told in each, whole or in chunks."""

from __future__ import annotations

from dataclasses import fields

from llminv.contract import Usage
from llminv.history import ChunkReceived, History, Replied
from llminv.kinds import routing

WAYS = routing.COMPLETE + routing.STREAM


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
