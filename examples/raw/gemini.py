"""Gemini's streamGenerateContent: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from llminv.contract import Message, Request, Usage
from raw.answer import AnswerReader, Call, Json, text, tokens, total
from raw.errors import ProviderError
from raw.policy import FaultClass
from raw.request import (
    JSON_MODE,
    Post,
    as_object,
    chosen_tool,
    post,
    stop_sequences,
    system_prompts,
    text_of,
    turns,
)

_MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
# The model broke off over a call that it could not write: what there is, is not an answer.
_BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})
_FILTERED = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR")


def gemini_post(base_url: str, key: str, model: str, request: Request) -> Post:
    """Return the request; without alt=sse the stream would be one long JSON array."""
    system = [{"text": prompt} for prompt in system_prompts(request)]
    params = request.params
    config = {
        "temperature": params.get("temperature"),
        "topP": params.get("top_p"),
        "maxOutputTokens": params.get("max_tokens"),
        "stopSequences": stop_sequences(request),
        "responseMimeType": "application/json" if params.get("response_format") == JSON_MODE else None,
    }
    body = {
        "contents": _contents(request),
        "systemInstruction": {"parts": system} if system else None,
        "generationConfig": {name: value for name, value in config.items() if value is not None} or None,
        "tools": [{"functionDeclarations": [_tool(tool["function"]) for tool in request.tools]}]
        if request.tools
        else None,
        "toolConfig": _tool_config(request),
    }
    url = f"{base_url}/v1beta/models/{model}:streamGenerateContent?alt=sse"
    return post(url, {"x-goog-api-key": key}, body)


def _contents(request: Request) -> list[Json]:
    contents = []
    names: dict[str, str] = {}  # of functions, by the id of their call: a result has to name both
    for messages in turns(request):
        first = messages[0]
        calls = first.get("tool_calls") or ()
        names |= {call["id"]: call["function"]["name"] for call in calls}
        if first["role"] == "tool":
            parts = [_result(message, names) for message in messages]
        else:
            said = text_of(first)
            parts = [{"text": said}] if said or not calls else []
            parts += [_call(call) for call in calls]
        contents.append({"role": "model" if first["role"] == "assistant" else "user", "parts": parts})
    return contents


def _call(call: Mapping[str, Json]) -> dict[str, Json]:
    function = call["function"]
    args = as_object(function["arguments"], "invalid_json")
    return {"functionCall": {"id": call["id"], "name": function["name"], "args": args}}


def _result(message: Message, names: Mapping[str, str]) -> dict[str, Json]:
    call_id = message["tool_call_id"]
    response = as_object(text_of(message), "output")
    return {"functionResponse": {"id": call_id, "name": names.get(call_id), "response": response}}


def _tool(function: Mapping[str, Json]) -> dict[str, Json]:
    names = {"name": "name", "description": "description", "parameters": "parametersJsonSchema"}
    return {name: function[key] for key, name in names.items() if function.get(key)}


def _tool_config(request: Request) -> Json:
    name = chosen_tool(request)
    if name is None and request.tool_choice is None:
        return None
    calling = {"mode": "ANY" if name else _MODES[str(request.tool_choice)]}
    return {"functionCallingConfig": calling | ({"allowedFunctionNames": [name]} if name else {})}


class GeminiReader(AnswerReader):
    """Complete with a finishReason: there is no event to end with. Every event is a whole response."""

    finish_reasons = MappingProxyType(
        {"STOP": "stop", "MAX_TOKENS": "length"} | dict.fromkeys(_FILTERED, "content_filter")
    )

    def _event(self, body: Json) -> None:
        self._model = text(body.get("modelVersion")) or self._model
        self._used(body.get("usageMetadata"))
        for candidate in body.get("candidates") or ():
            if candidate.get("index", 0) == 0:
                self._candidate(candidate, body.get("responseId"))
        blocked = (body.get("promptFeedback") or {}).get("blockReason")
        if blocked:  # no error, but an answer without candidates that says why
            raise ProviderError(FaultClass.CONTENT_POLICY, f"the prompt was blocked: {blocked}")

    def _candidate(self, candidate: Json, response_id: Json) -> None:
        for part in (candidate.get("content") or {}).get("parts") or ():
            if part.get("functionCall"):
                self._called(part["functionCall"], response_id)
            elif part.get("thought"):
                self._think(part.get("text"))
            else:
                self._say(part.get("text"))
        reason = candidate.get("finishReason")
        if reason in _BROKEN:
            raise ProviderError(FaultClass.MALFORMED, f"finishReason {reason}")
        # It stops to have its functions called, and has no word of its own for that.
        self._finished("tool_calls" if reason == "STOP" and self._calls else reason)

    def _called(self, call: Json, response_id: Json) -> None:
        """Add a call. Most have no id, but the caller needs one to say whose result it sends."""
        arguments = json.dumps(call.get("args") or {}, ensure_ascii=False, separators=(",", ":"))
        call_id = text(call.get("id")) or f"{response_id}-{len(self._calls)}"
        self._calls.append(Call(call_id, text(call.get("name")), [arguments]))
        self.moved = True

    def _total(self, usage: Mapping[str, Json]) -> Usage:
        """Return the usage: what the model thought stands beside what it said, and is output as well."""
        thoughts, said = tokens(usage, "thoughtsTokenCount"), tokens(usage, "candidatesTokenCount")
        prompt = tokens(usage, "promptTokenCount")
        return Usage(
            input_tokens=total(prompt, tokens(usage, "toolUsePromptTokenCount")),
            output_tokens=thoughts if said is None else total(said, thoughts),
            cached_input_tokens=tokens(usage, "cachedContentTokenCount"),
            reasoning_tokens=thoughts,
        )
