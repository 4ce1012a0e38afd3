"""From logged requests and responses of OpenAI, DeepSeek, Anthropic and Gemini to recorded usage.

A record is {"request": body, "response": body} as they went over the wire, unstreamed; `provider` names the
declared provider where its usual name is not the right one, `model` the model where only the URL had it. A
file is one record, a list of them, or one on each line. What is kept is the prompt with what was billed for
it, and the answer where it is nothing but text, with what that cost without reasoning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from llminv.declaration.usage import Recorded
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.values import Json, mapping, objects, text_of

# What is told where a record cannot be used.
Skipped = str


@dataclass(frozen=True)
class Billed:
    """What a response says: who answered, the text (None: not only text), and the tokens."""

    model: str
    output: str | None
    input_tokens: Json
    output_tokens: Json


def records(text: str) -> Iterator[tuple[int, Json]]:
    """Yield each record of a file with its line; what is no JSON comes as None."""
    try:
        whole = json.loads(text)
    except ValueError:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _json(line)
        return
    for record in whole if isinstance(whole, list) else [whole]:
        yield 1, record


def _json(line: str) -> Json:
    try:
        value: Json = json.loads(line)
    except ValueError:
        return None
    return value


def recorded(record: Json, source: str) -> Recorded | Skipped:
    """Return what a record says was billed, or why it says nothing."""
    said = mapping(record)
    request, response = mapping(said.get("request")), mapping(said.get("response"))
    if not request or not response:
        return 'expected {"request": {...}, "response": {...}}'
    dialect = _dialect(response)
    if dialect is None:
        return "the response is no whole answer of OpenAI, DeepSeek, Anthropic or Gemini"
    provider, read = _READERS[dialect]
    prompt, billed = DIALECTS[dialect].read(request), read(response)
    if not all(isinstance(one.get("content") or "", str) for one in prompt.messages):
        return "the prompt holds more than text"
    line = {
        "provider": text_of(said.get("provider")) or provider,
        "model": text_of(said.get("model")) or billed.model or prompt.model,
        "messages": prompt.messages,
        "tools": prompt.tools,
        "billed_input": billed.input_tokens,
        "output": billed.output or "",
        "billed_output": billed.output_tokens if billed.output else None,
        "source": source,
    }
    try:
        return Recorded.model_validate(line)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _dialect(response: Mapping[str, Json]) -> str | None:
    if "usageMetadata" in response:
        return "gemini"
    if response.get("type") == "message":
        return "anthropic-messages"
    if response.get("object") == "chat.completion":
        return "deepseek" if text_of(response.get("model")).startswith("deepseek") else "openai-chat"
    return None


def _difference(whole: Json, *parts: Json) -> Json:
    return whole - sum(part for part in parts if isinstance(part, int)) if isinstance(whole, int) else None


def _chat_completion(response: Mapping[str, Json]) -> Billed:
    usage, choices = mapping(response.get("usage")), objects(response.get("choices"))
    message = mapping(choices[0].get("message")) if len(choices) == 1 else {}
    content = message.get("content")
    details = mapping(usage.get("completion_tokens_details"))
    return Billed(
        text_of(response.get("model")),
        content if isinstance(content, str) and not message.get("tool_calls") else None,
        usage.get("prompt_tokens"),
        _difference(usage.get("completion_tokens"), details.get("reasoning_tokens")),
    )


def _message(response: Mapping[str, Json]) -> Billed:
    """Read an answer of Anthropic's: input_tokens does not hold what the cache wrote or read."""
    usage, blocks = mapping(response.get("usage")), objects(response.get("content"))
    cached = (usage.get("cache_creation_input_tokens"), usage.get("cache_read_input_tokens"))
    written = all(block.get("type") == "text" for block in blocks)
    return Billed(
        text_of(response.get("model")),
        "".join(text_of(block.get("text")) for block in blocks) if written else None,
        _difference(usage.get("input_tokens"), *(-part for part in cached if isinstance(part, int))),
        usage.get("output_tokens"),
    )


def _content(response: Mapping[str, Json]) -> Billed:
    """Read an answer of Gemini's: what it thought is counted beside its candidates."""
    usage, candidates = mapping(response.get("usageMetadata")), objects(response.get("candidates"))
    parts = objects(mapping(candidates[0].get("content")).get("parts")) if len(candidates) == 1 else []
    written = [part for part in parts if not part.get("thought")]
    texts = [part.get("text") for part in written]
    return Billed(
        text_of(response.get("modelVersion")),
        "".join(map(text_of, texts)) if all(isinstance(text, str) for text in texts) else None,
        usage.get("promptTokenCount"),
        usage.get("candidatesTokenCount"),
    )


# The usual name of the provider that speaks a dialect, and how its answers are read.
_READERS: Mapping[str, tuple[str, Callable[[Mapping[str, Json]], Billed]]] = {
    "openai-chat": ("openai", _chat_completion),
    "deepseek": ("deepseek", _chat_completion),
    "anthropic-messages": ("anthropic", _message),
    "gemini": ("gemini", _content),
}
