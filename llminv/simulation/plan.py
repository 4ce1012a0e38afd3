"""From an act to timed bytes: the sans-IO core that every transport plays.

`plan` is given a request and the act that a scenario has for it, and returns the steps of the provider's
side of the connection. It knows neither sockets nor clocks. After the last step the connection stays
open, unless a step ended it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from itertools import pairwise

from llminv.contract import Usage
from llminv.scenario import Act, Framing, Said
from llminv.simulation.dialects.errors import Retry
from llminv.simulation.dialects.interface import EPOCH_S, Answer, ParsedRequest
from llminv.simulation.dialects.stream import Event, Form, Part, Split, Stream, whole, words
from llminv.simulation.faults import FAULTS, Effect, Fault
from llminv.simulation.framing import reframed
from llminv.simulation.http import HttpRequest, Response
from llminv.simulation.sites import Site

# Pings keep a connection alive for so long; then it falls silent.
PING_EVERY_S = 5.0
PINGS_MAX = 400
# How late slow headers come, and how slowly a slow drip, unless the act says otherwise: both are within
# the timeouts that clients have by default.
SLOW_HEADERS_S = 10.0
SLOW_GAP_S = 1.0
HTML_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>\n"
PLAIN_TEXT = ("content-type", "text/plain; charset=utf-8")
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the handler; `status` stands with the first of a response, `last` with the last."""

    data: bytes
    status: int | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """The provider ends its side of the connection (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset (RST)."""


Step = Send | Wait | Close | Reset


@dataclass(frozen=True)
class Plan:
    """The steps, and the fault that they hold: None where the act is an answer, or could not be injected."""

    steps: tuple[Step, ...]
    fault: str | None


@dataclass(frozen=True)
class _Body:
    """A response on its way to bytes: the pieces of its body, and what follows the last of them.

    `chunked` bodies end by a chunk of their own (`complete`), others by Content-Length.
    """

    head: Response
    pieces: tuple[bytes, ...]
    gap_s: float = 0.0
    chunked: bool = False
    complete: bool = True
    length: int | None = None
    ending: tuple[Step, ...] = ()


def plan(site: Site, request: HttpRequest, parsed: ParsedRequest, act: Act, text: str, now_s: float) -> Plan:
    """Return what `site` does to a request under `act`.

    `text` is what it answers unless the act says otherwise, `now_s` the virtual second (for HTTP dates).
    """
    fault = FAULTS[act.fault] if act.fault is not None else None
    if fault is not None and fault.name == "gzip" and "gzip" not in (request.header("accept-encoding") or ""):
        fault = None
    if parsed.problem is not None:
        return Plan(respond(site.dialect.error("bad_request", parsed.model)), None)
    if fault is not None and fault.effect is Effect.ERROR:
        retry = Retry(
            after=_retry_after(act.retry_after, now_s), after_ms=act.retry_after_ms, info=act.retry_info
        )
        response = site.dialect.error(fault.error or "", parsed.model or site.model, retry)
        body = _Body(response, (response.body,), length=len(response.body))
    elif fault is not None and not _has_response(fault):
        return Plan((Wait(act.delay_s), *_ENDINGS[fault.effect]), fault.name)
    else:
        answer = _answer(site, act.said or Said(), parsed, fault, text)
        build = _streamed if parsed.operation == "stream" else _unstreamed
        body = build(site, request, parsed, act, fault, answer)
    return Plan(_steps(body, act, fault), fault.name if fault is not None else None)


def respond(response: Response) -> tuple[Step, ...]:
    """Return the steps of one whole response."""
    return (Send(response.encode(), status=response.status, last=True),)


_ENDINGS: dict[Effect, tuple[Step, ...]] = {
    Effect.SILENCE: (),
    Effect.PINGS: (),
    Effect.RESET: (Reset(),),
    Effect.CLOSE: (Close(),),
}


def _has_response(fault: Fault) -> bool:
    """Return whether anything is sent at all under `fault`."""
    return fault.name not in ("no_answer", "connection_reset", "connection_closed")


def _retry_after(text: str | None, now_s: float) -> str | None:
    """Return the header's text; `date:5` is the HTTP date in five seconds."""
    if text is None or not text.startswith("date:"):
        return text
    return formatdate(EPOCH_S + now_s + float(text.removeprefix("date:")), usegmt=True)


def _answer(site: Site, said: Said, parsed: ParsedRequest, fault: Fault | None, text: str) -> Answer:
    usage: Usage | None = said.usage or Usage(input_tokens=9, output_tokens=5)
    if fault is not None and fault.name == "usage_missing":
        usage = None
    if fault is not None and fault.name == "usage_wrong" and usage is not None:
        usage = replace(usage, input_tokens=7 * (usage.input_tokens or 0) + 1)
    spoken = text if said.text is None else said.text
    if said.tool_calls and said.text is None:
        spoken = ""
    return Answer(
        text=spoken * said.times,
        model=parsed.model or site.model,
        finish_reason=said.finish_reason or ("tool_calls" if said.tool_calls else "stop"),
        tool_calls=said.tool_calls,
        usage=usage,
        reasoning=said.reasoning,
    )


# Whole answers


def _unstreamed(
    site: Site, request: HttpRequest, parsed: ParsedRequest, act: Act, fault: Fault | None, answer: Answer
) -> _Body:
    response = site.dialect.answer(answer)
    if fault is not None and fault.effect is Effect.BODY:
        response = _not_an_answer(fault.name, request, response)
    if fault is not None and fault.effect is Effect.ERROR_INSIDE:
        response = replace(response, body=site.dialect.error(fault.error or "", parsed.model).body)
    if fault is not None and fault.name == "wrong_content_type":
        response = _with_header(response, *PLAIN_TEXT)
    if fault is not None and fault.name == "gzip":
        response = _with_header(
            replace(response, body=_gzipped([response.body])[0]), "content-encoding", "gzip"
        )
    length = len(response.body)
    if fault is None or fault.effect not in (*_ENDINGS, Effect.END):
        return _Body(response, (response.body,), length=length)
    half = response.body[: length // 2] if act.after is not None or fault.effect is Effect.END else b""
    if fault.effect is Effect.END:
        return _Body(response, (half,), length=len(half))
    return _Body(response, (half,), length=length, complete=False, ending=_ENDINGS[fault.effect])


def _not_an_answer(name: str, request: HttpRequest, response: Response) -> Response:
    if name == "empty_200":
        return replace(response, body=b"")
    if name == "html_200":
        return replace(_with_header(response, "content-type", "text/html; charset=UTF-8"), body=HTML_PAGE)
    if name == "http_307":
        return Response(307, (("location", request.target), ("content-length", "0")))
    value = json.loads(response.body)
    empty: dict[str, object] = {key: [] for key in ("choices", "content", "candidates") if key in value}
    if "stop_reason" in value:
        # An Anthropic message without content is an answer, an empty one, unless it did not even stop.
        empty["stop_reason"] = None
    return replace(response, body=json.dumps({**value, **empty}).encode())


def _with_header(response: Response, name: str, value: str) -> Response:
    return replace(response, headers=((name, value), *(pair for pair in response.headers if pair[0] != name)))


# Streams


def _streamed(
    site: Site, request: HttpRequest, parsed: ParsedRequest, act: Act, fault: Fault | None, answer: Answer
) -> _Body:
    stream = site.dialect.stream(answer, split=_split(act.said or Said()), usage=parsed.stream_usage)
    events = list(stream.events)
    head = stream.head
    framing = act.framing or Framing()
    if fault is not None and fault.name == "usage_growing":
        events = site.dialect.with_growing_usage(events, answer)
    if fault is not None and fault.effect is Effect.BODY:
        if fault.name == "http_307":
            redirect = _not_an_answer(fault.name, request, head)
            return _Body(redirect, (b"",))
        head = _not_an_answer(fault.name, request, replace(head, body=b"{}"))
        if fault.name in ("empty_200", "html_200"):
            return _Body(head, (head.body,), chunked=True)
        if fault.name == "no_choices":
            events = [
                event for event in events if not event.carries & (Part.CONTENT | Part.REASONING | Part.FINISH)
            ]
    breaks = fault is not None and fault.effect in (*_ENDINGS, Effect.END, Effect.ERROR_INSIDE)
    kept = events[: _position(events, act.after)] if breaks else events
    pieces = reframed(kept, framing, stream.newline)
    if fault is not None and fault.effect is Effect.ERROR_INSIDE:
        pieces.append(_framed_error(site, stream, fault, parsed, framing))
    if fault is not None and fault.name == "wrong_content_type":
        head = _with_header(head, *PLAIN_TEXT)
    if fault is not None and fault.name == "gzip":
        head, pieces = _with_header(head, "content-encoding", "gzip"), _gzipped(pieces)
    ending: tuple[Step, ...] = ()
    if fault is not None and breaks:
        ending = _ENDINGS.get(fault.effect, ())
        if fault.effect is Effect.PINGS:
            ending = _pings(site, stream, framing)
    complete = not breaks or (fault is not None and fault.effect in (Effect.END, Effect.ERROR_INSIDE))
    return _Body(head, tuple(pieces), act.gap_s, chunked=True, complete=complete, ending=ending)


def _framed_error(site: Site, stream: Stream, fault: Fault, parsed: ParsedRequest, framing: Framing) -> bytes:
    event = site.dialect.error_event(fault.error or "", parsed.model)
    return reframed([event], replace(framing, empty_events=False, unknown_events=False), stream.newline)[0]


def _position(events: Sequence[Event], after: int | None) -> int:
    """Return the number of events before the fault: see `Act.after`."""
    if after is None:
        return 0
    contents = [number for number, event in enumerate(events) if event.carries & Part.CONTENT]
    if after < len(contents):
        return contents[after]
    return next(
        (n for n, event in enumerate(events) if event.carries & (Part.FINISH | Part.END)), len(events)
    )


def _pings(site: Site, stream: Stream, framing: Framing) -> tuple[Step, ...]:
    event = site.dialect.ping or Event("ping", form=Form.COMMENT)
    data = _chunk(reframed([event], replace(framing, empty_events=False), stream.newline)[0])
    return (Wait(PING_EVERY_S), Send(data)) * PINGS_MAX


def _split(said: Said) -> Split:
    if said.sizes:
        return lambda text: _by_sizes(text, said.sizes)
    return _SPLITS[said.deltas]


def _by_sizes(text: str, sizes: Sequence[int]) -> list[str]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    return [piece for piece in (*pieces, text[at:]) if piece]


_SPLITS: dict[str, Callable[[str], Sequence[str]]] = {"words": words, "whole": whole, "characters": list}


# Bytes


def _steps(body: _Body, act: Act, fault: Fault | None) -> tuple[Step, ...]:
    name = fault.name if fault is not None else None
    delay_s = act.delay_s or (SLOW_HEADERS_S if name == "slow_headers" else 0.0)
    gap_s = act.gap_s or (SLOW_GAP_S if name == "slow_drip" else 0.0)
    if body.chunked:
        head = body.head.head(("transfer-encoding", "chunked"))
        pieces = [_chunk(piece) for piece in body.pieces if piece]
        pieces += [_LAST_CHUNK] if body.complete else []
    else:
        extra = () if body.length is None else (("content-length", str(body.length)),)
        head, pieces = body.head.head(*extra), [piece for piece in body.pieces if piece]
        if gap_s and pieces:
            middle = len(pieces[0]) // 2
            pieces = [pieces[0][:middle], pieces[0][middle:], *pieces[1:]]
        elif pieces:
            head, pieces = head + pieces[0], pieces[1:]
    sends: list[Step] = [Wait(delay_s)] if delay_s else []
    at = 0
    for number, data in enumerate([head, *pieces]):
        if number and gap_s:
            sends.append(Wait(gap_s))
        for piece in _cut(data, at, act):
            sends.append(Send(piece, status=body.head.status if at == 0 else None))
            at += len(piece)
    last = sends[-1]
    if body.complete and isinstance(last, Send):
        sends[-1] = replace(last, last=True)
    closing = (Close(),) if name == "keepalive_dropped" else ()
    return (*sends, *body.ending, *closing)


def _cut(data: bytes, at: int, act: Act) -> list[bytes]:
    """Return `data`, which begins at position `at` of the response, cut where the act says."""
    end = at + len(data)
    places = {cut for cut in act.cuts if at < cut < end}
    if act.cut_every:
        first = at + act.cut_every - at % act.cut_every
        places |= set(range(first, end, act.cut_every))
    edges = [at, *sorted(places), end]
    return [data[left - at : right - at] for left, right in pairwise(edges)]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _gzipped(pieces: Sequence[bytes]) -> list[bytes]:
    """Compress, so that each piece can be read as soon as it is there."""
    compressor = zlib.compressobj(wbits=31)
    packed = [compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*packed[:-1], packed[-1] + compressor.flush()] if packed else []
