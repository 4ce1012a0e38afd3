"""OpenAI's Chat Completions format as OpenAI and those who imitate it speak it: all but the provider's own.

A leaf adds its facts, its usage and what it changes in a message. Format of answers and chunks:
https://platform.openai.com/docs/api-reference/chat/object and .../chat-streaming.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar

from llminv.contract import ToolCall, Usage
from llminv.simulation.dialects.chat_completions_requests import parsed
from llminv.simulation.dialects.errors import ErrorRow, Retry
from llminv.simulation.dialects.interface import EPOCH_S, Answer, Dialect, ParsedRequest
from llminv.simulation.dialects.stream import Event, Part, Split
from llminv.simulation.dialects.values import Json, as_text, key_in
from llminv.simulation.http import HttpRequest

_FINISH = MappingProxyType({word: word for word in ("stop", "length", "tool_calls", "content_filter")})


class ChatCompletions(Dialect):
    """What the imitators share. `id` and `fixed` are parts of every body.

    `usage_chunk` says whether a stream reports usage in a chunk of its own and only when asked to
    (stream_options.include_usage), or always in its last chunk. `shows_reasoning` says whether the
    reasoning is part of the answer, as `reasoning_content`; `opens_with_call` whether a lone call of a tool
    begins in the first chunk, beside the role.
    """

    routes = MappingProxyType({"/chat/completions": "complete"})
    finish_says = _FINISH
    finish_means: ClassVar[Mapping[str, str]] = MappingProxyType({**_FINISH, "function_call": "tool_calls"})
    id: ClassVar[str]
    fixed: ClassVar[Mapping[str, Json]]
    usage_chunk: ClassVar[bool]
    shows_reasoning: ClassVar[bool]
    opens_with_call: ClassVar[bool]

    def key_of(self, request: HttpRequest) -> str | None:
        """Return the bearer's token."""
        return key_in(request, "authorization")

    def read(self, body: Mapping[str, Json]) -> ParsedRequest:
        """Read the body; without a chunk of its own, usage is always reported."""
        return parsed(body, asked_for_usage=self.usage_chunk)

    @abstractmethod
    def message(self, answer: Answer) -> Json:
        """Return the unstreamed message, but for its tool calls."""

    @abstractmethod
    def usage(self, usage: Usage) -> Json:
        """Return the usage in the provider's own semantics."""

    @abstractmethod
    def opening(self, answer: Answer) -> Json:
        """Return the first delta of a stream."""

    def error_body(self, row: ErrorRow, retry: Retry) -> Json:
        """Return the one shape that all errors have."""
        del retry
        return {
            "error": {"message": row.message, "type": row.kind, "param": row.param, "code": row.code},
        }

    def answer_body(self, answer: Answer) -> Json:
        """Return a chat.completion with one choice."""
        message = self.message(answer)
        if answer.tool_calls:
            message |= {"tool_calls": [_call(call, n) for n, call in enumerate(answer.tool_calls)]}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self.finish(answer.finish_reason),
        }
        said = {} if answer.usage is None else {"usage": self.usage(answer.usage)}
        return self._envelope("chat.completion", answer) | {"choices": [choice]} | said

    def events(self, answer: Answer, split: Split, usage: bool) -> Iterator[Event]:
        """Return the chunks: opening, deltas, finish reason, usage, [DONE]."""
        envelope = self._envelope("chat.completion.chunk", answer)
        told = usage or not self.usage_chunk
        reported = self.usage(answer.usage) if told and answer.usage is not None else None
        unknown_yet = {"usage": None} if self.usage_chunk and reported else {}

        def chunk(delta: Json, finish: str | None = None) -> dict[str, Json]:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return envelope | {"choices": [choice]} | unknown_yet

        opening, deltas = self.opening(answer), list(self._deltas(answer, split))
        if self.opens_with_call and len(answer.tool_calls) == 1 and not answer.text:
            part, delta = deltas.pop(0)
            yield Event(as_text(chunk(opening | delta)), carries=part)
        else:
            yield Event(as_text(chunk(opening)))
        for part, delta in deltas:
            yield Event(as_text(chunk(delta)), carries=part)
        last = chunk(self.closing(answer), self.finish(answer.finish_reason))
        if reported and not self.usage_chunk:
            yield Event(as_text(last | {"usage": reported}), carries=Part.FINISH | Part.USAGE)
        else:
            yield Event(as_text(last), carries=Part.FINISH)
        if reported and self.usage_chunk:
            yield Event(as_text(envelope | {"choices": [], "usage": reported}), carries=Part.USAGE)
        yield Event("[DONE]", carries=Part.END)

    def with_usage(self, event: Event, usage: Usage) -> Event:
        """Return the chunk with usage, as imitators of OpenAI (xAI, vLLM) send it in every chunk."""
        chunk = json.loads(event.data) | {"usage": self.usage(usage)}
        return dataclasses.replace(event, data=as_text(chunk), carries=event.carries | Part.USAGE)

    def closing(self, answer: Answer) -> Json:
        """Return the delta of the chunk that carries the finish reason."""
        del answer
        return {}

    def _envelope(self, kind: str, answer: Answer) -> dict[str, Json]:
        head = {"id": self.id, "object": kind, "created": EPOCH_S, "model": answer.model}
        return head | dict(self.fixed)

    def _deltas(self, answer: Answer, split: Split) -> Iterator[tuple[Part, Json]]:
        silent: Json = {}
        if self.shows_reasoning and answer.reasoning:
            silent = {"reasoning_content": None}
            for piece in split(answer.reasoning):
                yield Part.REASONING, {"content": None, "reasoning_content": piece}
        for piece in split(answer.text):
            yield Part.CONTENT, {"content": piece} | silent
        for fragments in _fragments(answer, split):
            yield Part.CONTENT, {"tool_calls": fragments}


def _fragments(answer: Answer, split: Split) -> list[list[Json]]:
    """Return the fragments of the calls of tools, those of one event together."""
    calls = list(enumerate(answer.tool_calls))
    if answer.tool_fragments == "at_once":
        return [[_index(answer, n) | _call(call, n) for n, call in calls]] if calls else []
    each = [
        [
            _index(answer, n) | _call(call, n, arguments=""),
            *(_index(answer, n) | {"function": {"arguments": piece}} for piece in split(call.arguments)),
        ]
        for n, call in calls
    ]
    if answer.tool_fragments == "interleaved":
        turns = itertools.zip_longest(*each)
        return [[fragment] for turn in turns for fragment in turn if fragment is not None]
    return [[fragment] for fragments in each for fragment in fragments]


def _index(answer: Answer, number: int) -> dict[str, Json]:
    if answer.tool_index == "missing":
        return {}
    return {"index": 0 if answer.tool_index == "repeated" else number}


def _call(call: ToolCall, index: int, *, arguments: str | None = None) -> dict[str, Json]:
    function = {"name": call.name or "", "arguments": call.arguments if arguments is None else arguments}
    return {"id": call.id or f"call_sim{index + 1}", "type": "function", "function": function}
