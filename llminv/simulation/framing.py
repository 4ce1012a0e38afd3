"""The same events in other bytes: every framing of a stream that the standard calls equal.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Empty events have no line of data, so that the
standard does not dispatch them; `data:` with nothing behind it is dispatched, as an event with the empty text
(https://github.com/openai/openai-go/pull/621), and is none of them. What concerns chunks (usage in another
place, a chunk without choices, no `[DONE]`) applies to formats that have them; unknown events to the
formats that name their events, which ask clients to skip names they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from llminv.scenario import Framing
from llminv.simulation.dialects.stream import Event, Form, Part
from llminv.simulation.dialects.values import Json, as_text, encoded

_NEWLINES = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def reframed(events: Sequence[Event], framing: Framing, newline: str) -> list[bytes]:
    """Return each event of a stream as bytes, in the order of sending; `newline` is the provider's own."""
    ordered = _reordered(list(events), framing)
    newline = _NEWLINES[framing.newline] if framing.newline else newline
    named = any(event.name for event in ordered)
    pieces = []
    for number, event in enumerate(ordered):
        extra = ""
        if framing.empty_events:
            extra += f"event: keep-alive{newline}{newline}"
        if framing.unknown_events and named:
            extra += f'event: vendor_note{newline}data: {{"type":"vendor_note"}}{newline}{newline}'
        pieces.append(encoded(extra) + _frame(event, number, framing, newline))
    return pieces


def _frame(event: Event, number: int, framing: Framing, newline: str) -> bytes:
    if event.form is Form.BARE:
        return encoded(event.data)
    lines = []
    if framing.comments:
        lines += [": a comment", "", ":"]  # with an end of its own, as most send them, and without
    if framing.retries:
        lines.append("retry: 3000")
    if event.form is Form.COMMENT:
        return encoded(newline.join([*lines, f": {event.data}", "", ""]))
    if framing.ids:
        lines.append(f"id: {number}")
    if event.name:
        lines.append(f"event:{_space(framing)}{event.name}")
    lines += [f"data:{_space(framing)}{line}" for line in _data(event.data, framing).split("\n")]
    return encoded(newline.join([*lines, "", ""]))


def _space(framing: Framing) -> str:
    return " " if framing.space else ""


def _data(data: str, framing: Framing) -> str:
    if not (framing.escaped or framing.multi_line):
        return data
    value = _json(data)
    if value is None:
        return data
    if framing.multi_line:
        return json.dumps(value, ensure_ascii=framing.escaped, indent=0)
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _reordered(events: list[Event], framing: Framing) -> list[Event]:
    if not framing.done:
        events = [event for event in events if event.data != "[DONE]"]
    if framing.usage_at is not None:
        lone = [event for event in events if event.carries == Part.USAGE and _has_choices(event)]
        rest = [event for event in events if event not in lone]
        at = min(framing.usage_at, _last_but_end(rest))
        events = [*rest[:at], *lone, *rest[at:]]
    if framing.empty_choices_at is not None:
        sample = next((event for event in events if _has_choices(event)), None)
        if sample is not None:
            empty = {**_json(sample.data), "choices": []}
            empty |= {"usage": None} if "usage" in empty else {}
            at = min(framing.empty_choices_at, _last_but_end(events))
            events.insert(at, replace(sample, data=as_text(empty), carries=Part.NOTHING))
    return events


def _last_but_end(events: Sequence[Event]) -> int:
    """Return the place before the event that says nothing but that the stream has ended."""
    return len(events) - (bool(events) and events[-1].carries == Part.END)


def _has_choices(event: Event) -> bool:
    value = _json(event.data)
    return isinstance(value, dict) and "choices" in value


def _json(data: str) -> Json:
    try:
        return json.loads(data)
    except ValueError:
        return None
