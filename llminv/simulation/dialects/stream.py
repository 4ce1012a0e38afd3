"""A streamed answer as values: a response head and events, apart from how they are framed as bytes.

Faults cut a stream by what its events carry, byte plans frame and split the same events in other ways;
`Stream.encode` is the provider's own way. The format is server-sent events:
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Flag, StrEnum, auto

from llminv.simulation.dialects.values import encoded
from llminv.simulation.http import Response

# How a text (content, reasoning, a tool call's arguments) is cut into deltas; joined they are the text.
Split = Callable[[str], Sequence[str]]


class Part(Flag):
    """What an event carries; one event may carry several parts, or none."""

    NOTHING = 0
    REASONING = auto()
    CONTENT = auto()  # text, or a piece of a tool call
    FINISH = auto()  # the finish reason: without it the answer is not whole
    USAGE = auto()
    END = auto()  # the event after which nothing comes


class Form(StrEnum):
    """How an event stands in the stream."""

    EVENT = "event"
    COMMENT = "comment"  # a line that clients skip
    BARE = "bare"  # its data as it is, in no frame


@dataclass(frozen=True)
class Event:
    """One event: its data, its name where the provider names events, and what it carries."""

    data: str
    name: str | None = None
    carries: Part = Part.NOTHING
    form: Form = Form.EVENT


@dataclass(frozen=True)
class Stream:
    """A streamed answer: `head` is a response without its body, `newline` what ends a line here."""

    head: Response
    events: tuple[Event, ...]
    newline: str = "\n"

    def encode(self) -> bytes:
        """Return the body as the provider frames it."""
        return b"".join(framed(event, self.newline) for event in self.events)


def framed(event: Event, newline: str = "\n") -> bytes:
    """Return one event as bytes, the empty line that ends it included."""
    if event.form is Form.BARE:
        return encoded(event.data)
    lines = [f"event: {event.name}"] if event.name else []
    label = ":" if event.form is Form.COMMENT else "data:"
    lines += [f"{label} {line}" for line in event.data.split("\n")]
    return encoded(newline.join([*lines, "", ""]))


def words(text: str) -> list[str]:
    """Cut before the white space of each word."""
    return re.findall(r"\S+|\s+\S*", text)


def whole(text: str) -> list[str]:
    """Do not cut: one delta, or none for an empty text."""
    return [text] if text else []
