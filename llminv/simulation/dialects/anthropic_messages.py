"""Anthropic, Messages: https://docs.anthropic.com/en/api/messages and .../messages-streaming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from llminv.contract import Usage
from llminv.simulation.dialects.anthropic_messages_errors import REQUEST_ID, ROWS
from llminv.simulation.dialects.anthropic_messages_requests import parsed
from llminv.simulation.dialects.errors import ErrorRow, Retry
from llminv.simulation.dialects.interface import Answer, Dialect, ParsedRequest
from llminv.simulation.dialects.stream import Event, Part, Split, whole
from llminv.simulation.dialects.values import Json, as_text, key_in, object_of
from llminv.simulation.http import HttpRequest

_RESET = "2026-09-21T14:14:20Z"


class AnthropicMessages(Dialect):
    """Named events; blocks that open, grow and close; cached input is counted beside input_tokens."""

    name = "anthropic-messages"
    hosts = ("api.anthropic.com",)
    base_url_variables = ("ANTHROPIC_BASE_URL",)
    key_variables = ("ANTHROPIC_API_KEY",)
    routes = MappingProxyType({"/messages": "complete", "/messages/count_tokens": "count_tokens"})
    headers = (
        ("request-id", REQUEST_ID),
        ("anthropic-organization-id", "00000000-0000-0000-0000-000000000000"),
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("anthropic-ratelimit-requests-reset", _RESET),
        ("anthropic-ratelimit-input-tokens-limit", "400000"),
        ("anthropic-ratelimit-input-tokens-remaining", "400000"),
        ("anthropic-ratelimit-input-tokens-reset", _RESET),
        ("anthropic-ratelimit-output-tokens-limit", "80000"),
        ("anthropic-ratelimit-output-tokens-remaining", "80000"),
        ("anthropic-ratelimit-output-tokens-reset", _RESET),
    )
    usage_optional = False
    # "The token counts shown in the usage field of the message_delta event are cumulative":
    # https://docs.anthropic.com/en/api/messages-streaming
    usage_grows = True
    ping = Event('{"type":"ping"}', "ping")
    finish_says = MappingProxyType(
        {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
    )
    finish_means = MappingProxyType(
        {
            "end_turn": "stop",
            "stop_sequence": "stop",
            "max_tokens": "length",
            "model_context_window_exceeded": "length",
            "tool_use": "tool_calls",
            "refusal": "content_filter",
        }
    )
    errors = ROWS

    def key_of(self, request: HttpRequest) -> str | None:
        """Return x-api-key; the SDK sends a bearer's token instead."""
        return key_in(request, "x-api-key", "authorization")

    def read(self, body: Mapping[str, Json]) -> ParsedRequest:
        """Read the body."""
        return parsed(body)

    def count_body(self, tokens: int) -> Json:
        """Return the count: https://docs.anthropic.com/en/api/messages-count-tokens."""
        return {"input_tokens": tokens}

    def error_body(self, row: ErrorRow, retry: Retry) -> Json:
        """Return the one shape that all errors have."""
        del retry
        error = {"type": row.kind, "message": row.message}
        return {"type": "error", "error": error, "request_id": REQUEST_ID}

    def stream_error(self, body: Json) -> Event:
        """Return the error event; inside a stream an error has details, if only null.

        As reported in https://github.com/anthropics/claude-code/issues/58367.
        """
        return Event(as_text(body | {"error": {"details": None} | body["error"]}), "error")

    def answer_body(self, answer: Answer) -> Json:
        """Return a message: thinking, text and tool use are blocks of its content."""
        content = [full for full, _ in _blocks(answer, whole)]
        said = {"stop_reason": self.finish(answer.finish_reason), "stop_sequence": None}
        return _message(answer, content, said, answer.usage)

    def events(self, answer: Answer, split: Split, usage: bool) -> Iterator[Event]:
        """Return the events; usage is always reported, at the start and, cumulative, at the end."""
        del usage
        begun = None if answer.usage is None else _begun(answer.usage)
        unsaid = {"stop_reason": None, "stop_sequence": None}
        reported = Part.NOTHING if begun is None else Part.USAGE
        yield _event("message_start", {"message": _message(answer, [], unsaid, begun)}, reported)
        if not (answer.reasoning or answer.text or answer.tool_calls):
            yield self.ping
        for index, (full, deltas) in enumerate(_blocks(answer, split)):
            opened = _opened(full)
            part = Part.CONTENT if full["type"] == "tool_use" else Part.NOTHING
            yield _event("content_block_start", {"index": index, "content_block": opened}, part)
            if index == 0:
                yield self.ping
            for delta, carries in deltas:
                yield _event("content_block_delta", {"index": index, "delta": delta}, carries)
            yield _event("content_block_stop", {"index": index}, Part.NOTHING)
        delta = {"stop_reason": self.finish(answer.finish_reason), "stop_sequence": None}
        total = {} if answer.usage is None else _usage(answer.usage)
        if answer.usage_split:  # as in the examples of the documentation
            total = {name: total[name] for name in total if name.startswith("output_tokens")}
        usage_now = {"usage": total} if total else {}
        yield _event("message_delta", {"delta": delta} | usage_now, Part.FINISH | reported)
        yield _event("message_stop", {}, Part.END)


def _event(name: str, body: Mapping[str, Json], carries: Part) -> Event:
    return Event(as_text({"type": name, **body}), name, carries)


def _message(answer: Answer, content: Json, stop: Mapping[str, Json], usage: Usage | None) -> Json:
    head = {"id": "msg_01Sim", "type": "message", "role": "assistant", "model": answer.model}
    more = {"cache_creation": _writes(usage), "service_tier": "standard"} if usage else {}
    said = {"usage": _usage(usage) | more} if usage else {}
    return {**head, "content": content, **stop, **said}


def _blocks(answer: Answer, split: Split) -> Iterator[tuple[dict[str, Json], list[tuple[Json, Part]]]]:
    """Return each block whole, and the deltas that say it."""
    if answer.reasoning:
        signed = {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}
        thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in split(answer.reasoning)]
        full = {"type": "thinking", "thinking": answer.reasoning, "signature": signed["signature"]}
        yield full, [(delta, Part.REASONING) for delta in (*thoughts, signed)]
    if answer.text:
        texts = [{"type": "text_delta", "text": piece} for piece in split(answer.text)]
        yield {"type": "text", "text": answer.text}, [(delta, Part.CONTENT) for delta in texts]
    for index, call in enumerate(answer.tool_calls):
        named = {"type": "tool_use", "id": call.id or f"toolu_01Sim{index + 1}", "name": call.name or ""}
        pieces = ["", *split(call.arguments)]
        inputs = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        full = named | {"input": object_of(call.arguments)}
        yield full, [(delta, Part.CONTENT) for delta in inputs]


def _opened(block: dict[str, Json]) -> dict[str, Json]:
    empty = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def _begun(usage: Usage) -> Usage:
    return Usage(
        usage.input_tokens,
        min(usage.output_tokens or 0, 1),
        usage.cached_input_tokens,
        usage.cache_write_tokens,
    )


def _writes(usage: Usage) -> Json:
    return {"ephemeral_5m_input_tokens": usage.cache_write_tokens or 0, "ephemeral_1h_input_tokens": 0}


def _usage(usage: Usage) -> dict[str, Json]:
    read, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    thinking = usage.reasoning_tokens
    details = {} if thinking is None else {"output_tokens_details": {"thinking_tokens": thinking}}
    return {
        "input_tokens": (usage.input_tokens or 0) - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens or 0,
    } | details
