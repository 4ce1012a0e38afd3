"""Reads the body of a Messages request: https://docs.anthropic.com/en/api/messages.

One message of blocks can become several neutral ones: each tool result is a message of its own, before the
rest of what the user says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llminv.simulation.dialects.interface import ParsedRequest
from llminv.simulation.dialects.neutral import chosen, function_tool, joined, message, tool_call, tool_result
from llminv.simulation.dialects.values import Json, as_text, mapping, objects, renamed, strings, text_of

_NO_PARAMETERS = ("model", "messages", "system", "tools", "tool_choice", "stream", "output_config")
_NAMES = {"stop_sequences": "stop"}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def parsed(body: Mapping[str, Json]) -> ParsedRequest:
    """Return what `body` says."""
    choice = mapping(body.get("tool_choice"))
    return ParsedRequest(
        operation="stream" if body.get("stream") is True else "complete",
        model=text_of(body.get("model")),
        messages=(*_system(body.get("system")), *_messages(body.get("messages"))),
        tools=tuple(_tool(item) for item in objects(body.get("tools"))),
        tool_choice=_choice(choice),
        params=_params(body, choice),
    )


def _system(value: Json) -> Iterator[Mapping[str, Json]]:
    if value:
        yield message("system", joined(value))


def _messages(value: Json) -> Iterator[Mapping[str, Json]]:
    for item in objects(value):
        role, content = text_of(item.get("role")), item.get("content")
        if not isinstance(content, list):
            yield message(role, content)
        else:
            yield from _turn(role, content)


def _turn(role: str, blocks: list[Json]) -> Iterator[Mapping[str, Json]]:
    """Return the neutral messages that the blocks of one message are."""
    calls, rest, thinking = [], [], ""
    for block in blocks:
        kind = mapping(block).get("type")
        if kind == "tool_result":
            yield tool_result(joined(block.get("content")), call_id=block.get("tool_use_id"))
        elif kind == "tool_use":
            calls.append(tool_call(block.get("name"), as_text(block.get("input")), call_id=block.get("id")))
        elif kind == "thinking":
            thinking += text_of(block.get("thinking"))
        else:
            rest.append(_part(block))
    if rest or calls or thinking:
        yield message(role, joined(rest), calls=calls, reasoning=thinking)


def _part(block: Json) -> Json:
    """Return a block as a part of content: images in OpenAI's shape, any other as it is."""
    source = mapping(mapping(block).get("source"))
    if mapping(block).get("type") == "text":
        return {"type": "text", "text": block.get("text")}
    if mapping(block).get("type") != "image" or source.get("type") not in {"base64", "url"}:
        return block
    data = f"data:{source.get('media_type')};base64,{source.get('data')}"
    return {"type": "image_url", "image_url": {"url": source.get("url") or data}}


def _tool(tool: Mapping[str, Json]) -> Mapping[str, Json]:
    if "input_schema" not in tool:
        return tool
    return function_tool(tool.get("name"), tool.get("description"), tool.get("input_schema"))


def _choice(choice: Mapping[str, Json]) -> Json:
    if not choice:
        return None
    if choice.get("type") == "tool":
        return chosen(choice.get("name"))
    return _CHOICES.get(text_of(choice.get("type")), dict(choice))


def _params(body: Mapping[str, Json], choice: Mapping[str, Json]) -> dict[str, Json]:
    params = renamed({key: item for key, item in body.items() if key not in _NO_PARAMETERS}, _NAMES)
    if "stop" in params:
        params["stop"] = strings(params["stop"])
    if choice.get("disable_parallel_tool_use") is True:
        params["parallel_tool_calls"] = False
    output = mapping(body.get("output_config"))
    if output.get("effort") is not None:
        params["reasoning_effort"] = output["effort"]
    if mapping(output.get("format")).get("type") == "json_schema":
        schema = output["format"].get("schema")
        params["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
    return params
