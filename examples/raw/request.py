"""Reading a request, which is in the shape of OpenAI's Chat Completions.

A request is put into words for every provider on the route before the first is asked. So what one of them
cannot be asked is refused at once: dropped on the way to the third, it would be missed on the day when the
first two are down.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from llminv.contract import Message, Request
from raw.errors import UnsupportedRequestError

# Requests are JSON as the caller gives it, hence Any.
Json = Any
JSON_MODE = {"type": "json_object"}
SYSTEM_ROLES = frozenset({"system", "developer"})
_ROLES = SYSTEM_ROLES | {"user", "assistant", "tool"}
_PARAMS = frozenset({"temperature", "top_p", "max_tokens", "stop", "response_format"})
_FORMATS = (None, {"type": "text"}, JSON_MODE)


@dataclass(frozen=True)
class Post:
    """A request as it goes out."""

    url: str
    headers: Mapping[str, str]
    body: bytes


# From base URL, key, model and request.
Translation = Callable[[str, str, str, Request], Post]


def post(url: str, headers: Mapping[str, str], body: Mapping[str, Json]) -> Post:
    """Return the request that asks for a stream; what is None in `body` is left out."""
    said = {name: value for name, value in body.items() if value is not None}
    framing = {"content-type": "application/json", "accept": "text/event-stream"}
    return Post(url, {**framing, **headers}, json.dumps(said, ensure_ascii=False, allow_nan=False).encode())


def translated(request: Request, translations: list[Callable[[Request], Post]]) -> list[Post]:
    """Return the request for each provider; raise UnsupportedRequestError where one cannot be asked that."""
    try:
        if not any(turns(request)) or any(message["role"] not in _ROLES for message in request.messages):
            raise UnsupportedRequestError("there is nothing to answer, or a role that nobody knows")
        if request.params.keys() - _PARAMS or request.params.get("response_format") not in _FORMATS:
            raise UnsupportedRequestError(f"not every provider has the parameters {dict(request.params)}")
        fields = (list(request.messages), list(request.tools), request.tool_choice, dict(request.params))
        messages, tools, choice, params = json.loads(json.dumps(fields, default=dict))
        plain = replace(request, messages=messages, tools=tools, tool_choice=choice, params=params)
        return [translation(plain) for translation in translations]
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        if isinstance(error, UnsupportedRequestError):
            raise
        raise UnsupportedRequestError("the request is not in the shape of Chat Completions") from error


def text_of(message: Message) -> str:
    """Return the text of a message, "" where it has none."""
    content = message.get("content")
    parts = (
        [{"type": "text", "text": content or ""}] if content is None or isinstance(content, str) else content
    )
    if any(part["type"] != "text" for part in parts):
        raise UnsupportedRequestError("a message must be text: not every provider reads anything else")
    return "".join(part["text"] for part in parts)


def system_prompts(request: Request) -> list[str]:
    """Return the texts of the system prompts, for those who keep them apart from the messages."""
    return [text_of(message) for message in request.messages if message["role"] in SYSTEM_ROLES]


def turns(request: Request) -> Iterator[list[Message]]:
    """Yield the other messages one by one, a run of tool results together: Anthropic and Gemini want that."""
    spoken = [message for message in request.messages if message["role"] not in SYSTEM_ROLES]
    alone = (-1 if message["role"] == "tool" else number for number, message in enumerate(spoken))
    for _, run in groupby(zip(alone, spoken, strict=True), lambda pair: pair[0]):
        yield [message for _, message in run]


def chosen_tool(request: Request) -> str | None:
    """Return the name of the one function that must be called, None where none was chosen."""
    choice = request.tool_choice
    if choice is None or isinstance(choice, str):
        return None
    name: str = choice["function"]["name"]
    return name


def stop_sequences(request: Request) -> list[str] | None:
    """Return `stop`, which may be a single string, as a list."""
    stop = request.params.get("stop")
    return [stop] if isinstance(stop, str) else stop


def as_object(text: str, key: str) -> dict[str, Json]:
    """Return the JSON object that `text` is, or one that holds `text` under `key`.

    Anthropic and Gemini take objects where OpenAI takes text, and the text comes from models and tools: it
    may be anything (https://github.com/BerriAI/litellm/issues/35303).
    """
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return {key: text}
    return value if isinstance(value, dict) else {key: text}
