"""What two plays of one scenario have in common when time is real, or when their transports differ."""

from __future__ import annotations

from dataclasses import dataclass, fields

from llminv.history import CallStarted, ChunkReceived, History, Raised, Replied, Returned


@dataclass(frozen=True)
class Outline:
    """One call without its times: what its caller saw, and what became of each attempt.

    `end` is the tag of the event that ended the call, `errors` the types of what was raised and of all
    behind it, `text` what was received (the chunks of a stream in one) or returned. An attempt is provider,
    fault, whether that was met, and status.
    """

    end: str | None
    errors: tuple[str, ...]
    text: str
    attempts: tuple[tuple[str, str | None, bool, int | None], ...]


def outlines(history: History) -> tuple[Outline, ...]:
    """Return the outline of every call that was started, in order of their numbers."""
    calls = sorted({event.call for event in history.of(CallStarted)})
    return tuple(_outline(history, call) for call in calls)


def outline_difference(one: History, other: History) -> str:
    """Return in a line where the outlines of two histories part, or "" where they are equal."""
    left, right = outlines(one), outlines(other)
    if len(left) != len(right):
        return f"{len(left)} calls, then {len(right)}"
    for call, (before, after) in enumerate(zip(left, right, strict=True)):
        for field in fields(Outline):
            was, became = getattr(before, field.name), getattr(after, field.name)
            if was != became:
                return f"call {call}: {field.name} {was!r}, then {became!r}"
    return ""


def _outline(history: History, call: int) -> Outline:
    outcome = history.outcome(call)
    errors = (outcome.error, *outcome.chain) if isinstance(outcome, Raised) else ()
    said = [event.chunk.text for event in history.of(ChunkReceived) if event.call == call]
    if isinstance(outcome, Replied) and outcome.reply is not None:
        said.append(outcome.reply.text)
    if isinstance(outcome, Returned):
        said.append(f"{outcome.type} {outcome.value}")
    return Outline(
        end=outcome.tag if outcome is not None else None,
        errors=tuple(error.type for error in errors),
        text="".join(said),
        attempts=tuple(
            (attempt.provider, attempt.fault, attempt.reached, attempt.status)
            for attempt in history.attempts(call)
        ),
    )
