"""From an act to timed bytes: the sans-IO core that every transport plays.

`plan` is given a request and the act that a scenario has for it, and returns the steps of the provider's
side of the connection. It knows neither sockets nor clocks. After the last step the connection stays
open, unless a step ended it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus

from llminv.contract import Usage
from llminv.scenario import DEFAULT_USAGE, Act, Framing, Said
from llminv.simulation.dialects.errors import Retry
from llminv.simulation.dialects.interface import EPOCH_S, Answer, Dialect, ParsedRequest
from llminv.simulation.dialects.stream import Event, Part, Split, whole, words
from llminv.simulation.faults import FAULTS, HARMLESS, Effect, Fault, Where
from llminv.simulation.framing import reframed
from llminv.simulation.http import HttpRequest, Response, gzipped
from llminv.simulation.sites import Site
from llminv.simulation.steps import Body, Close, Reset, Send, Step, Wait, chunk, respond, steps_of

# Pings keep a connection alive for so long; then it falls silent.
PING_EVERY_S = 5.0
PINGS_MAX = 400
# How late slow headers come, and how slowly a slow drip, unless the act says otherwise: both are within
# the timeouts that clients have by default.
SLOW_HEADERS_S = 10.0
SLOW_GAP_S = 1.0
HTML_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>\n"
PLAIN_TEXT = ("content-type", "text/plain; charset=utf-8")

# What happens where no fault does.
_NO_FAULT = Fault("", HARMLESS, Where.END, Effect.ANSWER, "", "", worked=True)
# How the effects end that leave an answer unfinished.
_ENDINGS: dict[Effect, tuple[Step, ...]] = {
    Effect.SILENCE: (),
    Effect.PINGS: (),
    Effect.RESET: (Reset(),),
    Effect.CLOSE: (Close(),),
    Effect.END: (),
}
_SPLITS: dict[str, Split] = {"words": words, "whole": whole, "characters": list}


@dataclass(frozen=True)
class Plan:
    """The steps, and the fault that they hold: None where the act is an answer, or could not be injected."""

    steps: tuple[Step, ...]
    fault: str | None


@dataclass(frozen=True)
class _Case:
    """Everything that decides on a response."""

    site: Site
    request: HttpRequest
    parsed: ParsedRequest
    act: Act
    fault: Fault
    answer: Answer

    @property
    def breaks(self) -> bool:
        """Whether the answer is left unfinished."""
        return self.fault.effect in _ENDINGS or self.fault.effect is Effect.ERROR_INSIDE


def plan(site: Site, request: HttpRequest, parsed: ParsedRequest, act: Act, text: str, now_s: float) -> Plan:
    """Return what `site` does to a request under `act`.

    `text` is what it answers unless the act says otherwise, `now_s` the virtual second (for HTTP dates).
    """
    if parsed.problem is not None:
        return Plan(respond(site.dialect.error("bad_request", parsed.model)), None)
    fault = FAULTS[act.fault] if act.fault is not None else _NO_FAULT
    if not _possible(fault, site, request):
        fault = _NO_FAULT
    if fault.where is Where.BEFORE_HEADERS:
        return Plan((Wait(act.delay_s), *_ENDINGS[fault.effect]), fault.name)
    case = _Case(site, request, parsed, act, fault, _answer(site, act.said or Said(), parsed, fault, text))
    if fault.effect is Effect.ERROR:
        body = _error(case, now_s)
    elif parsed.operation == "stream":
        body = _streamed(case)
    else:
        body = _unstreamed(case)
    delay_s = act.delay_s or (SLOW_HEADERS_S if fault.name == "slow_headers" else 0.0)
    gap_s = act.gap_s or (SLOW_GAP_S if fault.name == "slow_drip" else 0.0)
    closing = (Close(),) if fault.name == "keepalive_dropped" else ()
    steps = (*steps_of(body, act, delay_s=delay_s, gap_s=gap_s), *closing)
    return Plan(steps, fault.name or None)


def _possible(fault: Fault, site: Site, request: HttpRequest) -> bool:
    """Return whether this provider can answer this request in the way of `fault`."""
    if fault.name == "gzip":
        return "gzip" in (request.header("accept-encoding") or "")
    return fault.name != "usage_missing" or site.dialect.usage_optional


def _error(case: _Case, now_s: float) -> Body:
    """Return the provider's error; one that is no error to HTTP is all that a stream has to say."""
    act = case.act
    after = act.retry_after
    if after is not None and after.startswith("date:"):
        after = formatdate(EPOCH_S + now_s + float(after.removeprefix("date:")), usegmt=True)
    retry = Retry(after=after, after_ms=act.retry_after_ms, info=act.retry_info)
    name, dialect, model = case.fault.error or "", case.site.dialect, case.parsed.model or case.site.model
    response = dialect.error(name, model, retry)
    if response.status == HTTPStatus.OK and case.parsed.operation == "stream":
        pieces = reframed([dialect.error_event(name, model)], act.framing or Framing(), dialect.newline)
        return Body(dialect.stream_head(), pieces, chunked=True)
    return Body(response, (response.body,), length=len(response.body))


def _answer(site: Site, said: Said, parsed: ParsedRequest, fault: Fault, text: str) -> Answer:
    usage: Usage | None = said.usage or DEFAULT_USAGE
    if fault.name == "usage_missing":
        usage = None
    elif fault.name == "usage_wrong" and usage is not None:
        usage = replace(usage, input_tokens=7 * (usage.input_tokens or 0) + 1)
    default = "" if said.tool_calls else text
    return Answer(
        text=(default if said.text is None else said.text) * said.times,
        model=said.model or parsed.model or site.model,
        finish_reason=said.finish_reason or ("tool_calls" if said.tool_calls else "stop"),
        tool_calls=said.tool_calls,
        usage=usage,
        reasoning=said.reasoning,
        tool_fragments=said.tool_fragments,
        tool_index=said.tool_index,
        usage_split=said.usage_split,
    )


# Whole answers


def _unstreamed(case: _Case) -> Body:
    fault = case.fault
    response = case.site.dialect.answer(case.answer)
    if fault.effect is Effect.BODY:
        response = _not_an_answer(case, response)
    elif fault.effect is Effect.ERROR_INSIDE:
        response = replace(response, body=case.site.dialect.error(fault.error or "", case.parsed.model).body)
    elif fault.name == "wrong_content_type":
        response = _with_header(response, *PLAIN_TEXT)
    elif fault.name == "gzip":
        response = _with_header(
            replace(response, body=gzipped([response.body])[0]), "content-encoding", "gzip"
        )
    length = len(response.body)
    if fault.effect not in _ENDINGS:
        return Body(response, (response.body,), length=length, marked=fault.effect is Effect.ERROR_INSIDE)
    half = response.body[: length // 2] if case.act.after is not None or fault.effect is Effect.END else b""
    if fault.effect is Effect.END:
        return Body(response, (half,), length=len(half))
    return Body(response, (half,), length=length, complete=False, ending=_ENDINGS[fault.effect])


def _not_an_answer(case: _Case, response: Response) -> Response:
    """Return what comes in place of an answer, for the rows of the effect BODY."""
    name = case.fault.name
    if name == "empty_200":
        return replace(response, body=b"")
    if name == "html_200":
        return replace(_with_header(response, "content-type", "text/html; charset=UTF-8"), body=HTML_PAGE)
    if name == "http_307":
        return Response(307, (("location", case.request.target),))
    value = json.loads(response.body)
    empty: dict[str, object] = {key: [] for key in ("choices", "content", "candidates") if key in value}
    if "stop_reason" in value:
        # An Anthropic message without content is an answer, an empty one, unless it did not even stop.
        empty["stop_reason"] = None
    return replace(response, body=json.dumps({**value, **empty}).encode())


def _with_header(response: Response, name: str, value: str) -> Response:
    others = (pair for pair in response.headers if pair[0] != name)
    return replace(response, headers=((name, value), *others))


# Streams


def _streamed(case: _Case) -> Body:
    fault, act, dialect = case.fault, case.act, case.site.dialect
    stream = dialect.stream(case.answer, split=_split(act.said or Said()), usage=case.parsed.stream_usage)
    head, events = stream.head, list(stream.events)
    if fault.effect is Effect.BODY and fault.name != "no_choices":
        response = _not_an_answer(case, head)
        return Body(response, (response.body,), length=len(response.body))
    if fault.name == "no_choices":
        said = Part.CONTENT | Part.REASONING | Part.FINISH
        events = [event for event in events if not event.carries & said]
    elif fault.name == "usage_growing":
        events = dialect.with_growing_usage(events, case.answer)
    elif fault.name == "wrong_content_type":
        head = _with_header(head, *PLAIN_TEXT)
    framing = act.framing or Framing()
    kept = events[: _position(events, act.after)] if case.breaks else events
    pieces = reframed(kept, framing, stream.newline)
    plain = replace(framing, empty_events=False, unknown_events=False)
    if fault.effect is Effect.ERROR_INSIDE:
        pieces += reframed([dialect.error_event(fault.error or "", case.parsed.model)], plain, stream.newline)
    if fault.name == "gzip":
        head, pieces = _with_header(head, "content-encoding", "gzip"), gzipped(pieces)
    ending = _ENDINGS.get(fault.effect, ())
    if fault.effect is Effect.PINGS and dialect.ping is not None:
        ping = Send(chunk(reframed([dialect.ping], plain, stream.newline)[0]))
        ending = (Wait(PING_EVERY_S), ping) * PINGS_MAX
    return Body(
        head,
        pieces,
        chunked=True,
        complete=not case.breaks or fault.effect in (Effect.END, Effect.ERROR_INSIDE),
        marked=fault.effect is Effect.ERROR_INSIDE,
        ending=ending,
    )


def _position(events: Sequence[Event], after: int | None) -> int:
    """Return the number of events before the fault: see `Act.after`."""
    if after is None:
        return 0
    contents = [number for number, event in enumerate(events) if event.carries & Part.CONTENT]
    if after < len(contents):
        return contents[after]
    ends = (number for number, event in enumerate(events) if event.carries & (Part.FINISH | Part.END))
    return next(ends, len(events))


def begun(dialect: Dialect, act: Act, text: str) -> str:
    """Return what of `text` is sent in a stream that breaks off under `act`."""
    said = act.said or Said()
    split = _split(said)
    events = dialect.stream(Answer(text, "", tool_calls=said.tool_calls), split=split).events
    sent = events[: _position(events, act.after)]
    return "".join(split(text)[: sum(bool(event.carries & Part.CONTENT) for event in sent)])


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
