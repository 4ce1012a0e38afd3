"""Reading a request, which is in the shape of OpenAI's Chat Completions.

What cannot reach every provider of the chain is refused before any is tried: were it dropped on the way
to the third provider, that would show on the day when the first two are down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from byok.errors import UnsupportedRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llminv.contract import Message, Request

SYSTEM_ROLES = frozenset({"system", "developer"})
_ROLES = SYSTEM_ROLES | {"user", "assistant", "tool"}
_PARAMS = frozenset({"temperature", "top_p", "max_tokens", "stop", "response_format"})
_FORMATS = ("text", "json_object")
_CHOICES = ("auto", "none", "required")


def checked(request: Request) -> Request:
    """Return a copy of the request, in plain JSON values.

    Raises UnsupportedRequestError for what some provider of the chain cannot be asked, so that what fails
    to be sent or read afterwards is not the request's fault (`faults.MALFORMED_ERRORS`).
    """
    fields = [list(request.messages), list(request.tools), request.tool_choice, request.params]
    try:
        text = json.dumps(fields, default=dict, ensure_ascii=False, allow_nan=False).encode()
        messages, tools, tool_choice, params = json.loads(text)
        plain = replace(request, messages=messages, tools=tools, tool_choice=tool_choice, params=params)
        for message in messages:
            _check_message(message)
        _check_options(plain)
    except UnsupportedRequestError:
        raise
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise UnsupportedRequestError("the request is not in the shape of Chat Completions") from error
    return plain


def _check_message(message: Message) -> None:
    if message["role"] not in _ROLES:
        raise UnsupportedRequestError(f"no provider knows the role {message['role']!r}")
    texts = [text_of(message)]
    for call in message.get("tool_calls") or ():
        texts += [call["id"], call["function"]["name"], call["function"]["arguments"]]
    if message["role"] == "tool":
        texts.append(message["tool_call_id"])
    if not all(isinstance(text, str) for text in texts):
        raise UnsupportedRequestError(
            "texts, and the ids, names and arguments of tool calls, must be strings"
        )


def _check_options(request: Request) -> None:
    if not any(turns(request)):
        raise UnsupportedRequestError("there is no message to answer")
    for tool in request.tools:
        if tool["type"] != "function" or not isinstance(tool["function"]["name"], str):
            raise UnsupportedRequestError("a tool must be a function with a name")
    if request.tool_choice not in (None, *_CHOICES) and chosen_tool(request) is None:
        raise UnsupportedRequestError(f"tool_choice must be a function or one of {', '.join(_CHOICES)}")
    unknown = sorted(request.params.keys() - _PARAMS)
    if unknown:
        raise UnsupportedRequestError(f"parameters {unknown}: not every provider has them")
    if (request.params.get("response_format") or {"type": "text"})["type"] not in _FORMATS:
        raise UnsupportedRequestError(f"response_format must be one of {', '.join(_FORMATS)}")


def text_of(message: Message) -> str:
    """Return the text of a message, "" where it has none; its parts are joined with nothing between them."""
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    if any(part["type"] != "text" for part in content):
        raise UnsupportedRequestError("a message must be text: not every provider reads anything else")
    return "".join(part["text"] for part in content)


def turns(request: Request) -> Iterator[list[Message]]:
    """Yield the messages other than system prompts: one by one, but a run of tool results as one turn.

    Anthropic and Gemini want the results of tools that were called together in the message after the calls.
    """
    spoken = (message for message in request.messages if message["role"] not in SYSTEM_ROLES)
    for is_result, run in groupby(spoken, lambda message: message["role"] == "tool"):
        if is_result:
            yield list(run)
        else:
            yield from ([message] for message in run)


def system_prompts(request: Request) -> list[str]:
    """Return the texts of the system prompts, for the providers which keep them apart from the messages."""
    return [text_of(message) for message in request.messages if message["role"] in SYSTEM_ROLES]


def chosen_tool(request: Request) -> str | None:
    """Return the name of the one function that must be called, None where none was chosen."""
    choice = request.tool_choice
    if not isinstance(choice, Mapping) or choice.get("type") != "function":
        return None
    name: str = choice["function"]["name"]
    return name


def stop_sequences(request: Request) -> list[str] | None:
    """Return `stop`, which may be a single string, as a list."""
    stop = request.params.get("stop")
    return [stop] if isinstance(stop, str) else stop


def wants_json(request: Request) -> bool:
    """Whether the answer has to be a JSON object."""
    return request.params.get("response_format") == {"type": "json_object"}


def as_object(text: str, key: str) -> dict[str, Any]:
    """Return the JSON object that `text` is, or one that holds `text` under `key`.

    Anthropic and Gemini take objects where OpenAI takes text. The text comes from models and tools, so it
    may be anything (https://github.com/BerriAI/litellm/issues/35303).
    """
    try:
        value = json.loads(text)
    except ValueError:
        return {key: text}
    return value if isinstance(value, dict) else {key: text}
