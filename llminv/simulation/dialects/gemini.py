"""Gemini, generateContent and streamGenerateContent: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from urllib.parse import parse_qs, unquote

from llminv.contract import ToolCall, Usage
from llminv.simulation.dialects.errors import ErrorRow, Retry
from llminv.simulation.dialects.gemini_errors import ROWS, details_of
from llminv.simulation.dialects.gemini_requests import parsed
from llminv.simulation.dialects.interface import Answer, Dialect, ParsedRequest
from llminv.simulation.dialects.stream import Event, Form, Part, Split, whole
from llminv.simulation.dialects.values import Json, as_text, key_in, object_of, pretty
from llminv.simulation.http import HttpRequest


class Gemini(Dialect):
    """The model stands in the path; the last event of a stream carries content, finish reason and usage.

    Streams are server-sent events, as with alt=sse, which the SDKs always ask for. That their lines end
    with CR LF is guessed.
    """

    name = "gemini"
    hosts = ("generativelanguage.googleapis.com",)
    base_url_variables = ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE")
    key_variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    usage_grows = True
    routes = MappingProxyType(
        {":generateContent": "complete", ":streamGenerateContent": "stream", ":countTokens": "count_tokens"}
    )
    headers = (
        ("vary", "Origin"),
        ("vary", "X-Origin"),
        ("vary", "Referer"),
        ("server", "scaffolding on HTTPServer2"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        ("server-timing", "gfet4t7; dur=500"),
    )
    json_type = "application/json; charset=UTF-8"
    stream_type = "text/event-stream"
    newline = "\r\n"
    finish_says = MappingProxyType(
        {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
    )
    finish_means = MappingProxyType(
        {"STOP": "stop", "MAX_TOKENS": "length"}
        | dict.fromkeys(
            ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            "content_filter",
        )
    )
    errors = ROWS

    def key_of(self, request: HttpRequest) -> str | None:
        """Return x-goog-api-key, else what the query says, else a bearer's token."""
        query = parse_qs(request.target.partition("?")[2])
        in_query = query.get("key", [None])[0]
        return key_in(request, "x-goog-api-key") or in_query or key_in(request, "authorization")

    def model_of(self, request: HttpRequest) -> str:
        """Return what stands between the last slash and the verb."""
        return unquote(request.path.rpartition(":")[0].rpartition("/")[2])

    def read(self, body: Mapping[str, Json]) -> ParsedRequest:
        """Read the body."""
        return parsed(body)

    def count_body(self, tokens: int) -> Json:
        """Return the count: https://ai.google.dev/api/tokens."""
        return {"totalTokens": tokens, "promptTokensDetails": _text_tokens(tokens)}

    def error_body(self, row: ErrorRow, retry: Retry) -> Json:
        """Return the one shape that all errors have: https://google.aip.dev/193."""
        error = {"code": row.status, "message": row.message, "status": row.kind}
        details = details_of(row, retry)
        return {"error": error | ({"details": details} if details else {})}

    def stream_error(self, body: Json) -> Event:
        """Return the error as bare JSON: inside a stream, too, it comes without a frame."""
        return Event(pretty(body) + "\n", form=Form.BARE)

    def answer_body(self, answer: Answer) -> Json:
        """Return one candidate; thoughts, text and calls are parts of its content."""
        parts = [part for part, _ in _parts(answer, whole)]
        usage = None if answer.usage is None else _usage(answer.usage)
        return _body(answer, parts, usage, self.finish(answer.finish_reason))

    def events(self, answer: Answer, split: Split, usage: bool) -> Iterator[Event]:
        """Return one event for each part; all report usage, that of the prompt until the last.

        Calls of tools come whole; those that come at once are parts of one event.
        """
        del usage
        *first, (last, last_carries) = _by_event(answer, split)
        reported = Part.NOTHING if answer.usage is None else Part.USAGE
        so_far = None if answer.usage is None else _prompt_usage(answer.usage)
        for parts, carries in first:
            yield Event(as_text(_body(answer, parts, so_far)), carries=carries | reported)
        total = None if answer.usage is None else _usage(answer.usage)
        body = _body(answer, last, total, self.finish(answer.finish_reason))
        yield Event(as_text(body), carries=last_carries | Part.FINISH | reported | Part.END)

    def with_usage(self, event: Event, usage: Usage) -> Event:
        """Return the event with all usage so far; without this only the prompt's is told until the last."""
        body = json.loads(event.data) | {"usageMetadata": _usage(usage)}
        return dataclasses.replace(event, data=as_text(body), carries=event.carries | Part.USAGE)


def _parts(answer: Answer, split: Split) -> list[tuple[Json, Part]]:
    """Return the parts of the content, at least one, and what each carries."""
    parts: list[tuple[Json, Part]] = []
    parts += [({"text": piece, "thought": True}, Part.REASONING) for piece in split(answer.reasoning)]
    parts += [({"text": piece}, Part.CONTENT) for piece in split(answer.text)]
    parts += [({"functionCall": _call(call)}, Part.CONTENT) for call in answer.tool_calls]
    return parts or [({"text": ""}, Part.NOTHING)]


def _by_event(answer: Answer, split: Split) -> list[tuple[list[Json], Part]]:
    events = [([part], carries) for part, carries in _parts(answer, split)]
    calls = len(answer.tool_calls)
    if answer.tool_fragments != "at_once" or not calls:
        return events
    return [*events[:-calls], ([part for parts, _ in events[-calls:] for part in parts], Part.CONTENT)]


def _call(call: ToolCall) -> dict[str, Json]:
    named = {"name": call.name or "", "args": object_of(call.arguments)}
    return named if call.id is None else {"id": call.id} | named


def _body(answer: Answer, parts: list[Json], usage: Json, finish: str | None = None) -> Json:
    candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        **({} if usage is None else {"usageMetadata": usage}),
        "modelVersion": answer.model,
        "responseId": "sim-resp",
    }


def _text_tokens(tokens: int) -> Json:
    return [{"modality": "TEXT", "tokenCount": tokens}]


def _prompt_usage(usage: Usage) -> dict[str, Json]:
    prompt, cached = usage.input_tokens or 0, usage.cached_input_tokens or 0
    said = {
        "promptTokenCount": prompt,
        "totalTokenCount": prompt,
        "promptTokensDetails": _text_tokens(prompt),
    }
    if cached:
        said |= {"cachedContentTokenCount": cached, "cacheTokensDetails": _text_tokens(cached)}
    return said


def _usage(usage: Usage) -> dict[str, Json]:
    output, thoughts = usage.output_tokens or 0, usage.reasoning_tokens or 0
    said = _prompt_usage(usage) | {
        "candidatesTokenCount": output - thoughts,
        "totalTokenCount": (usage.input_tokens or 0) + output,
    }
    return said | ({"thoughtsTokenCount": thoughts} if thoughts else {})
