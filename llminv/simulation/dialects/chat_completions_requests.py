"""Reads the body of a Chat Completions request: https://platform.openai.com/docs/api-reference/chat/create.

The neutral form is this format itself, so little changes: content made of nothing but text becomes one
string, "developer" reads as "system", and renamed parameters get one name.
"""

from __future__ import annotations

from collections.abc import Mapping

from llminv.simulation.dialects.interface import ParsedRequest
from llminv.simulation.dialects.neutral import joined
from llminv.simulation.dialects.values import Json, mapping, objects, renamed, strings, text_of

_NO_PARAMETERS = ("model", "messages", "tools", "tool_choice", "stream", "stream_options")
_NAMES = {"max_completion_tokens": "max_tokens"}
_ROLES = {"developer": "system"}


def parsed(body: Mapping[str, Json], *, asked_for_usage: bool) -> ParsedRequest:
    """Return what `body` says; `asked_for_usage`: a stream reports usage only where the body asks for it."""
    params = renamed({key: item for key, item in body.items() if key not in _NO_PARAMETERS}, _NAMES)
    if "stop" in params:
        params["stop"] = strings(params["stop"])
    include_usage = mapping(body.get("stream_options")).get("include_usage") is True
    return ParsedRequest(
        operation="stream" if body.get("stream") is True else "complete",
        model=text_of(body.get("model")),
        messages=tuple(_message(item) for item in objects(body.get("messages"))),
        tools=tuple(objects(body.get("tools"))),
        tool_choice=body.get("tool_choice"),
        params=params,
        stream_usage=include_usage or not asked_for_usage,
    )


def _message(message: Mapping[str, Json]) -> Mapping[str, Json]:
    role = text_of(message.get("role"))
    return {**message, "role": _ROLES.get(role, role), "content": joined(message.get("content"))}
