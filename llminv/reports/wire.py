r"""What went over the wire in a history: requests and responses, line by line, as they were.

A line begins with ">" where the handler sent it and with "<" where a provider did. What does not print,
line ends included, is shown as its escape; keys stand there as `<key:openai>`. Of a request its method,
URL, headers and body are known, of a response every byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llminv.history import ConnectFailed, RequestReceived, ResponseSent
from llminv.reports.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llminv.history import History

_ENDS = {
    "closed": "the connection is closed",
    "reset": "the connection is reset",
}


def wire(history: History) -> list[str]:
    """Return the lines of everything that `history` says was sent, with a heading for each piece."""
    lines: list[str] = []
    for event in history.of(ConnectFailed, RequestReceived, ResponseSent):
        lines += ["", *_event(event)] if lines else _event(event)
    return lines


def _event(event: ConnectFailed | RequestReceived | ResponseSent) -> Iterator[str]:
    attempt = f", attempt {event.attempt + 1}" if event.attempt >= 0 else ""
    call = f", call {event.call}" if event.call >= 0 else ""
    to, back = f"handler > {event.provider}{call}{attempt}", f"{event.provider} > handler{call}{attempt}"
    match event:
        case ConnectFailed():
            yield f"{event.at_s:.3f} s  {to}: no connection to {visible(event.host)}, {event.fault}"
        case RequestReceived():
            yield f"{event.at_s:.3f} s  {to}"
            yield f"> {visible(event.method)} {visible(event.url)}"
            yield from (f"> {visible(name)}: {visible(value)}" for name, value in event.headers)
            if event.body:
                yield ">"
                yield from (f"> {line}" for line in _lines(event.body))
        case ResponseSent():
            yield f"{event.at_s:.3f} s  {back}"
            yield from (f"< {line}" for line in _lines(event.text))
            if event.end in _ENDS:
                yield f"  {_ENDS[event.end]}"


def _lines(text: str) -> Iterator[str]:
    r"""Yield the lines of `text`, each with its end as an escape; a carriage return alone ends none."""
    for line in text.split("\n")[:-1]:
        yield visible(line) + r"\n"
    if last := text.rpartition("\n")[2]:
        yield visible(last)
