"""Official SDKs talking to bytes: no socket, one canned response a client."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2
import openai
from google import genai
from google.genai import types

from llminv.contract import ToolCall, Usage
from llminv.simulation.dialects.stream import Stream
from llminv.simulation.http import HttpRequest, Response

QUESTION = [{"role": "user", "content": "Say hello."}]


@dataclass
class Wire:
    """A transport that answers every request with the bytes of `response`, and keeps the requests."""

    response: Response | Stream
    requests: list[HttpRequest] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        headers = tuple((name.decode().lower(), value.decode()) for name, value in request.headers.raw)
        target = request.url.raw_path.decode()
        self.requests.append(HttpRequest(request.method, target, headers, request.content))
        if isinstance(self.response, Stream):
            raw = self.response.head.head() + self.response.encode()
        else:
            raw = self.response.encode()
        head, _, body = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = [tuple(line.split(": ", 1)) for line in lines]
        return httpx2.Response(int(status.split(" ")[1]), headers=fields, content=body)

    @property
    def client(self) -> httpx2.Client:
        return httpx2.Client(transport=httpx2.MockTransport(self))


def openai_client(wire: Wire, base_url: str = "http://sim/v1") -> openai.OpenAI:
    return openai.OpenAI(api_key="sk-canary", base_url=base_url, max_retries=0, http_client=wire.client)


def anthropic_client(wire: Wire) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key="sk-canary", base_url="http://sim", max_retries=0, http_client=wire.client
    )


def gemini_client(wire: Wire) -> genai.Client:
    options = types.HttpOptions(base_url="http://sim", httpx_client=wire.client)
    return genai.Client(api_key="sk-canary", http_options=options)


@dataclass
class Heard:
    """What an SDK understood, in neutral words."""

    text: str = ""
    reasoning: str = ""
    model: str | None = None
    finish: str | None = None
    tool_calls: list[ToolCall] = field(default_factory=list)
    usage: Usage | None = None
    deltas: list[str] = field(default_factory=list)


def hear_chat(wire: Wire, stream: bool, usage: bool = True) -> Heard:
    client = openai_client(wire)
    if not stream:
        reply = client.chat.completions.create(model="m", messages=QUESTION)
        message = reply.choices[0].message
        calls = [
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in message.tool_calls or []
        ]
        reasoning = getattr(message, "reasoning_content", None) or ""
        finish = reply.choices[0].finish_reason
        return Heard(message.content or "", reasoning, reply.model, finish, calls, chat_usage(reply.usage))
    heard = Heard()
    options = {"include_usage": True} if usage else openai.omit
    for chunk in client.chat.completions.create(
        model="m", messages=QUESTION, stream=True, stream_options=options
    ):
        heard.model = chunk.model
        heard.usage = chat_usage(chunk.usage) or heard.usage
        for choice in chunk.choices:
            heard.finish = choice.finish_reason or heard.finish
            heard.deltas += [choice.delta.content] if choice.delta.content else []
            heard.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            for piece in choice.delta.tool_calls or []:
                if piece.index == len(heard.tool_calls):
                    heard.tool_calls.append(ToolCall(piece.id, piece.function.name))
                before = heard.tool_calls[piece.index]
                arguments = before.arguments + (piece.function.arguments or "")
                heard.tool_calls[piece.index] = ToolCall(before.id, before.name, arguments)
    heard.text = "".join(heard.deltas)
    return heard


def chat_usage(usage: Any) -> Usage | None:
    if usage is None:
        return None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    hit = getattr(usage, "prompt_cache_hit_tokens", None)
    if hit is not None:
        assert hit + usage.prompt_cache_miss_tokens == usage.prompt_tokens
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        cached_input_tokens=usage.prompt_tokens_details.cached_tokens,
        reasoning_tokens=usage.completion_tokens_details.reasoning_tokens,
    )


def hear_messages(wire: Wire, stream: bool, usage: bool = True) -> Heard:
    del usage
    client, heard = anthropic_client(wire), Heard()
    if stream:
        with client.messages.stream(model="m", max_tokens=9, messages=QUESTION) as events:
            heard.deltas = list(events.text_stream)
            reply = events.get_final_message()
    else:
        reply = client.messages.create(model="m", max_tokens=9, messages=QUESTION)
    for block in reply.content:
        if block.type == "text":
            heard.text += block.text
        elif block.type == "thinking":
            heard.reasoning += block.thinking
        else:
            heard.tool_calls.append(ToolCall(block.id, block.name, json.dumps(block.input)))
    heard.model, heard.finish = reply.model, reply.stop_reason
    if reply.usage is not None:
        read, written = reply.usage.cache_read_input_tokens, reply.usage.cache_creation_input_tokens
        details = reply.usage.output_tokens_details
        heard.usage = Usage(
            reply.usage.input_tokens + read + written,
            reply.usage.output_tokens,
            read,
            written,
            details.thinking_tokens if details else None,
        )
    return heard


def hear_gemini(wire: Wire, stream: bool, usage: bool = True) -> Heard:
    del usage
    models, heard = gemini_client(wire).models, Heard()
    if stream:
        replies = list(models.generate_content_stream(model="m", contents="Say hello."))
    else:
        replies = [models.generate_content(model="m", contents="Say hello.")]
    for reply in replies:
        heard.model = reply.model_version
        for part in reply.candidates[0].content.parts:
            if part.function_call:
                call = part.function_call
                heard.tool_calls.append(ToolCall(call.id, call.name, json.dumps(call.args)))
            elif part.thought:
                heard.reasoning += part.text
            else:
                heard.deltas += [part.text]
        finish = reply.candidates[0].finish_reason
        heard.finish = finish.value if finish else heard.finish
        said = reply.usage_metadata
        if said and said.candidates_token_count is not None:
            thoughts = said.thoughts_token_count or 0
            heard.usage = Usage(
                said.prompt_token_count,
                said.candidates_token_count + thoughts,
                cached_input_tokens=said.cached_content_token_count or 0,
                reasoning_tokens=thoughts,
            )
            assert said.total_token_count == heard.usage.input_tokens + heard.usage.output_tokens
    heard.text = "".join(heard.deltas)
    return heard


HEAR: dict[str, Callable[..., Heard]] = {
    "openai-chat": hear_chat,
    "anthropic-messages": hear_messages,
    "deepseek": hear_chat,
    "gemini": hear_gemini,
}
