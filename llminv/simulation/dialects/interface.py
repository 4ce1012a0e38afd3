"""What a dialect is: one provider's wire format, as pure functions from values to values.

A dialect parses a request into the neutral form, and turns an answer or an error into a response in the
provider's own words. It knows neither connections nor time, and ids, timestamps and everything else in a
body are fixed, so that the same scenario gives the same bytes. A leaf fills in the facts and the five
functions that are abstract here; what every dialect does alike stands in `Dialect`. One leaf a provider,
with its table of errors and its reader of requests beside it; the table of dialects is in `__init__.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import ClassVar

from llminv.contract import ToolCall, Usage
from llminv.simulation.dialects.errors import NO_ADVICE, ErrorRow, ErrorTable, Retry, Verbatim
from llminv.simulation.dialects.stream import Event, Part, Split, Stream, words
from llminv.simulation.dialects.values import Json, as_json, as_text
from llminv.simulation.http import HttpRequest, Response

# Seconds since the epoch at which every simulated world starts: 2026-09-21T14:13:20Z.
EPOCH_S = 1_790_000_000

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ParsedRequest:
    """A request in neutral form, the same for every dialect.

    `operation` is "complete", "stream" or "count_tokens". Messages, tools and tool choice are in OpenAI's
    shape: a system prompt is a message of the role "system", a tool's result one of the role "tool", and
    content made of nothing but text is one string. `params` have OpenAI's names (max_tokens, temperature,
    stop as a list, response_format, ...); what OpenAI has no name for keeps its own. `stream_usage` says
    whether the stream is to report usage. `problem` says why a provider would refuse the request as
    unreadable (400); everything else about it is then empty.
    """

    operation: str
    model: str
    key: str | None = None
    messages: tuple[Mapping[str, Json], ...] = ()
    tools: tuple[Mapping[str, Json], ...] = ()
    tool_choice: Json = None
    params: Mapping[str, Json] = field(default_factory=dict)
    stream_usage: bool = True
    problem: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a provider says, before its dialect puts it into bytes.

    `finish_reason` is a neutral word (stop, length, tool_calls, content_filter); any other goes out as it
    is. `usage` None means that the provider reports none; a bucket that is None counts as 0. `reasoning` is
    shown only by the dialects which show it. `tool_fragments`, `tool_index` and `usage_split` say how a
    stream is cut, see `scenario.Said`.
    """

    text: str
    model: str
    finish_reason: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = field(default_factory=lambda: Usage(input_tokens=9, output_tokens=5))
    reasoning: str = ""
    tool_fragments: str = "in_order"
    tool_index: str = "given"
    usage_split: bool = False


class Dialect(ABC):
    """One provider's wire format; the class attributes are the facts of the provider.

    `hosts` are its public hosts. `base_url_variables` and `key_variables` are the environment variables
    from which clients read a base URL and the key. `routes` maps the end of a path to its operation: what
    stands before it differs from client to client. `finish_says` maps neutral finish reasons to the
    provider's, `finish_means` the provider's to neutral ones. `ping` is what keeps a stream alive, if
    anything. `usage_optional` says whether an answer may come without usage, `usage_grows` whether the
    events of a stream repeat it as it grows.
    """

    name: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    base_url_variables: ClassVar[tuple[str, ...]]
    key_variables: ClassVar[tuple[str, ...]]
    routes: ClassVar[Mapping[str, str]]
    headers: ClassVar[Headers]
    json_type: ClassVar[str] = "application/json"
    stream_type: ClassVar[str] = "text/event-stream; charset=utf-8"
    newline: ClassVar[str] = "\n"
    ping: ClassVar[Event | None] = None
    usage_optional: ClassVar[bool] = True
    usage_grows: ClassVar[bool] = False
    finish_says: ClassVar[Mapping[str, str]]
    finish_means: ClassVar[Mapping[str, str]]
    errors: ClassVar[ErrorTable]

    def parse(self, request: HttpRequest) -> ParsedRequest | None:
        """Return the neutral form, or None where the route is not one of this dialect's; never raise."""
        operation = next((word for end, word in self.routes.items() if request.path.endswith(end)), None)
        if operation is None or request.method != "POST":
            return None
        key, model = self.key_of(request), self.model_of(request)
        try:
            body = request.json
            said = self.read(body) if isinstance(body, dict) else None
        except RecursionError:
            said = None
        if said is None:
            return ParsedRequest(operation, model, key, problem="the body is not a JSON object")
        operation = said.operation if operation == "complete" else operation
        return replace(said, operation=operation, model=model or said.model, key=key)

    def answer(self, answer: Answer) -> Response:
        """Return the whole, unstreamed answer."""
        return self._whole(200, self.answer_body(answer))

    def stream(self, answer: Answer, *, split: Split = words, usage: bool = True) -> Stream:
        """Return the streamed answer, its texts cut by `split`; `usage` is `ParsedRequest.stream_usage`."""
        return Stream(self.stream_head(), tuple(self.events(answer, split, usage)), self.newline)

    def stream_head(self) -> Response:
        """Return the response, still without a body, with which every stream begins."""
        headers = (("content-type", self.stream_type), ("cache-control", "no-cache"), *self.headers)
        return Response(200, headers)

    def with_growing_usage(self, events: Sequence[Event], answer: Answer) -> list[Event]:
        """Return the events, each that can report usage doing so: what has been used so far."""
        if answer.usage is None:
            return list(events)
        contents = sum(bool(event.carries & Part.CONTENT) for event in events)
        total, seen = answer.usage.output_tokens or 0, 0
        grown = []
        for event in events:
            seen += bool(event.carries & Part.CONTENT)
            used = total * seen // contents if contents else total
            if event.carries & (Part.USAGE | Part.END) and not event.carries & Part.CONTENT:
                grown.append(event)
            else:
                grown.append(self.with_usage(event, replace(answer.usage, output_tokens=used)))
        return grown

    def with_usage(self, event: Event, usage: Usage) -> Event:
        """Return an event that also reports `usage`, where this format lets it; by default it does not."""
        del usage
        return event

    def counted(self, tokens: int) -> Response:
        """Return what the provider's token-counting endpoint says; its 404 where it has no such endpoint."""
        body = self.count_body(tokens)
        return self.error("not_found") if body is None else self._whole(200, body)

    def error(self, name: str, model: str = "", retry: Retry = NO_ADVICE) -> Response:
        """Return the provider's own error called `name`, a key of `errors.ERRORS`; KeyError for any other."""
        row = self.errors[name]
        if isinstance(row, Verbatim):
            headers = (("content-type", row.content_type), *retry.headers)
            return Response(row.status, headers, row.body.encode())
        return self._whole(row.status, self.error_body(row.about(model), retry), retry.headers)

    def error_event(self, name: str, model: str = "") -> Event:
        """Return the error called `name` as it comes inside a stream; KeyError where it never does."""
        row = self.errors[name]
        if isinstance(row, Verbatim):
            if row.status != HTTPStatus.OK:
                raise KeyError(name)
            return Event(row.body)
        return self.stream_error(self.error_body(row.about(model), NO_ADVICE))

    def stream_error(self, body: Json) -> Event:
        """Return the body of an error as an event of a stream."""
        return Event(as_text(body))

    def finish(self, word: str) -> str:
        """Return the provider's word for a neutral finish reason; any other word as it is."""
        return self.finish_says.get(word, word)

    def model_of(self, request: HttpRequest) -> str:
        """Return the model that the path names; "" where the body does."""
        del request
        return ""

    def count_body(self, tokens: int) -> Json:
        """Return the body that reports `tokens`, or None where the provider counts none."""
        del tokens

    @abstractmethod
    def key_of(self, request: HttpRequest) -> str | None:
        """Return the key that the request carries where this provider looks for it."""

    @abstractmethod
    def read(self, body: Mapping[str, Json]) -> ParsedRequest:
        """Return what the body of a request says, "complete" or "stream" being its operation.

        What does not fit is left out; nothing raises.
        """

    @abstractmethod
    def answer_body(self, answer: Answer) -> Json:
        """Return the body of the unstreamed answer."""

    @abstractmethod
    def events(self, answer: Answer, split: Split, usage: bool) -> Iterator[Event]:
        """Return the events of the streamed answer, in order."""

    @abstractmethod
    def error_body(self, row: ErrorRow, retry: Retry) -> Json:
        """Return the body of an error."""

    def _whole(self, status: int, body: Json, extra: Headers = ()) -> Response:
        return Response(status, (("content-type", self.json_type), *self.headers, *extra), as_json(body))
