"""The pieces of a request in neutral form, which is the shape of OpenAI's Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llminv.simulation.dialects.values import Json, objects


def message(
    role: str, content: Json, *, calls: Sequence[Json] = (), reasoning: str = ""
) -> Mapping[str, Json]:
    """Return a message; an assistant that only calls tools has no content."""
    said: dict[str, Json] = {"role": role, "content": content or None if calls else content}
    if calls:
        said["tool_calls"] = list(calls)
    if reasoning:
        said["reasoning_content"] = reasoning
    return said


def tool_call(name: Json, arguments: str, *, call_id: Json) -> Mapping[str, Json]:
    """Return an assistant's call of a tool; `arguments` is JSON text."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool_result(content: Json, *, call_id: Json, name: Json = None) -> Mapping[str, Json]:
    """Return what a tool said; `name` where the provider tells calls apart by the tool's name."""
    said = {"role": "tool", "tool_call_id": call_id, "content": content}
    return said if name is None else said | {"name": name}


def function_tool(name: Json, description: Json, parameters: Json) -> Mapping[str, Json]:
    """Return a tool; what it lacks is left out."""
    said = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": {key: value for key, value in said.items() if value is not None}}


def chosen(name: Json) -> Mapping[str, Json]:
    """Return the choice of one tool."""
    return {"type": "function", "function": {"name": name}}


def joined(content: Json) -> Json:
    """Return content parts as one string where all of them are text, else unchanged."""
    if not isinstance(content, list):
        return content
    texts = [part.get("text") for part in objects(content) if part.get("type") == "text"]
    said = [text for text in texts if isinstance(text, str)]
    return "".join(said) if len(said) == len(content) else content
