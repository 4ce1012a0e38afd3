"""Reads the body of a generateContent or countTokens request: https://ai.google.dev/api/generate-content.

Names come in two spellings, even within one request of the SDK, as the JSON form of protocol buffers allows
(https://protobuf.dev/programming-guides/json): both are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from llminv.simulation.dialects.interface import ParsedRequest
from llminv.simulation.dialects.neutral import chosen, function_tool, joined, message, tool_call, tool_result
from llminv.simulation.dialects.values import Json, as_text, mapping, objects, renamed, text_of

_NAMES = {
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "candidateCount": "n",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "responseLogprobs": "logprobs",
    "logprobs": "top_logprobs",
}
_OWN = ("safetySettings", "cachedContent", "labels")
_FORMATS = ("responseMimeType", "responseSchema", "responseJsonSchema")
_MODES = {"AUTO": "auto", "ANY": "required", "NONE": "none"}


def parsed(body: Mapping[str, Json]) -> ParsedRequest:
    """Return what `body` says; model and operation stand in the path.

    countTokens may hold the request in a field of its own.
    """
    said = _camel(body)
    said = {**said, **_camel(mapping(said.get("generateContentRequest")))}
    tools = [_camel(item) for item in objects(said.get("tools"))]
    return ParsedRequest(
        operation="complete",
        model="",
        messages=(*_system(said.get("systemInstruction")), *_messages(said.get("contents"))),
        tools=tuple(declared for tool in tools for declared in _tools(tool)),
        tool_choice=_choice(_camel(mapping(said.get("toolConfig")))),
        params=_params(said),
    )


def _camel(value: Mapping[str, Json]) -> dict[str, Json]:
    """Return `value` with its own keys, not those further down, in camel case."""
    return {
        re.sub("_([a-z])", lambda found: found[1].upper(), key): item
        for key, item in value.items()
        if item is not None
    }


def _system(value: Json) -> Iterator[Mapping[str, Json]]:
    if isinstance(value, dict):
        yield message("system", joined([_part(part) for part in objects(value.get("parts"))]))


def _messages(value: Json) -> Iterator[Mapping[str, Json]]:
    for item in objects(value):
        role = "assistant" if item.get("role") == "model" else "user"
        yield from _turn(role, [_camel(part) for part in objects(item.get("parts"))])


def _turn(role: str, parts: list[dict[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """Return the neutral messages that the parts of one content are."""
    calls, rest, thinking = [], [], ""
    for part in parts:
        call, result = mapping(part.get("functionCall")), mapping(part.get("functionResponse"))
        if result:
            said = as_text(result.get("response"))
            yield tool_result(said, call_id=result.get("id"), name=result.get("name"))
        elif call:
            calls.append(tool_call(call.get("name"), as_text(call.get("args")), call_id=call.get("id")))
        elif part.get("thought") is True:
            thinking += text_of(part.get("text"))
        else:
            rest.append(_part(part))
    if rest or calls or thinking:
        yield message(role, joined(rest), calls=calls, reasoning=thinking)


def _part(part: Mapping[str, Json]) -> Json:
    """Return a part of content: inline data in OpenAI's shape, any other as it is."""
    if "text" in part:
        return {"type": "text", "text": part["text"]}
    data = _camel(mapping(part.get("inlineData")))
    if not data:
        return part
    return {
        "type": "image_url",
        "image_url": {"url": f"data:{data.get('mimeType')};base64,{data.get('data')}"},
    }


def _tools(tool: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for item in objects(tool.get("functionDeclarations")):
        declared = _camel(item)
        schema = declared.get("parametersJsonSchema", _schema(declared.get("parameters")))
        yield function_tool(declared.get("name"), declared.get("description"), schema)
    others = {key: value for key, value in tool.items() if key != "functionDeclarations"}
    if others:
        yield others


def _schema(value: Json) -> Json:
    """Return a schema with its types in JSON Schema's spelling: Gemini's are in upper case."""
    if isinstance(value, list):
        return [_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: item.lower() if key == "type" and isinstance(item, str) else _schema(item)
        for key, item in value.items()
    }


def _choice(config: Mapping[str, Json]) -> Json:
    calling = _camel(mapping(config.get("functionCallingConfig")))
    if not calling:
        return None
    mode = _MODES.get(text_of(calling.get("mode")), calling.get("mode"))
    names = calling.get("allowedFunctionNames")
    if not isinstance(names, list) or not names:
        return mode
    if mode == "required" and len(names) == 1:
        return chosen(names[0])
    allowed = {"mode": mode, "tools": [chosen(name) for name in names]}
    return {"type": "allowed_tools", "allowed_tools": allowed}


def _params(said: Mapping[str, Json]) -> dict[str, Json]:
    config = _camel(mapping(said.get("generationConfig")))
    params = renamed({key: item for key, item in config.items() if key not in _FORMATS}, _NAMES)
    params |= {key: said[key] for key in _OWN if key in said}
    schema = config.get("responseJsonSchema", _schema(config.get("responseSchema")))
    if schema is not None:
        params["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
    elif config.get("responseMimeType") == "application/json":
        params["response_format"] = {"type": "json_object"}
    return params
