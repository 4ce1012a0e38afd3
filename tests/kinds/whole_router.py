"""A correct router over bare HTTP that keeps what the kinds demand of a call's content, whole and streamed.

What the formats of the providers differ in stands in one class each; `WholeRouter` has the policy, but for
retries. A line of a stream that is no event says nothing, and a stream without its last event is broken.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
from types import MappingProxyType

from llminv.contract import Chunk, Reply, ToolCall, Usage


class NoProviderAvailable(Exception):
    pass


class ProviderFailed(Exception):
    pass


class ProviderRefused(Exception):
    """What the policy raises."""


FAILURES = (ProviderFailed, OSError, http.client.HTTPException, ValueError, LookupError, TypeError)


class Chat:
    """OpenAI, and those who imitate it."""

    name, model, host, path = "openai", "gpt-4o-mini", "api.openai.com", "/v1/chat/completions"

    def headers(self, key):
        return {"authorization": f"Bearer {key}"}

    def url(self, streaming):
        return self.path

    def body(self, request, streaming):
        said = {"model": self.model, "messages": list(request.messages), **request.params}
        said |= {"tools": list(request.tools)} if request.tools else {}
        said |= {"tool_choice": request.tool_choice} if request.tool_choice else {}
        return said | ({"stream": True, "stream_options": {"include_usage": True}} if streaming else {})

    def parts(self, said):
        """What a body or an event says: text, calls, finish reason, usage, model."""
        if "error" in said:
            raise ValueError(said["error"])
        streamed = said["object"] == "chat.completion.chunk" and not said["choices"]
        choice = {} if streamed else said["choices"][0]
        message = choice.get("message") or choice.get("delta") or {}
        calls = [
            ToolCall(call.get("id"), call["function"].get("name"), call["function"].get("arguments", ""))
            for call in message.get("tool_calls") or ()
        ]
        usage = said.get("usage")
        return (
            message.get("content"),
            calls,
            choice.get("finish_reason"),
            usage and self.usage(usage),
            said["model"],
        )

    def usage(self, said):
        return Usage(
            said["prompt_tokens"],
            said["completion_tokens"],
            said["prompt_tokens_details"]["cached_tokens"],
            None,
            said["completion_tokens_details"]["reasoning_tokens"],
        )

    def ends(self, data):
        return data == "[DONE]"


class DeepSeek(Chat):
    name, model, host, path = "deepseek", "deepseek-chat", "api.deepseek.com", "/chat/completions"


class Anthropic(Chat):
    name, model, host, path = "anthropic", "claude-opus-4-8", "api.anthropic.com", "/v1/messages"
    choices = MappingProxyType({"auto": "auto", "required": "any", "none": "none"})

    def headers(self, key):
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}

    def body(self, request, streaming):
        messages = [self.message(one) for one in request.messages if one["role"] != "system"]
        systems = [one["content"] for one in request.messages if one["role"] == "system"]
        params = request.params
        stop = params.get("stop")
        said = {"model": self.model, "messages": messages, "max_tokens": params.get("max_tokens") or 1000}
        said |= {"system": "\n\n".join(systems)} if systems else {}
        said |= {"stop_sequences": [stop] if isinstance(stop, str) else stop} if stop else {}
        said |= {"tools": [self.tool(one["function"]) for one in request.tools]} if request.tools else {}
        said |= {"tool_choice": self.choice(request.tool_choice)} if request.tool_choice else {}
        return said | ({"stream": True} if streaming else {})

    def message(self, one):
        if one["role"] == "tool":
            result = {"type": "tool_result", "tool_use_id": one["tool_call_id"], "content": one["content"]}
            return {"role": "user", "content": [result]}
        calls = [
            {"type": "tool_use", "id": call["id"]} | self.call(call["function"])
            for call in one.get("tool_calls") or ()
        ]
        return {"role": one["role"], "content": calls or one["content"]}

    def call(self, function):
        return {"name": function["name"], "input": json.loads(function["arguments"])}

    def tool(self, function):
        return {
            "name": function["name"],
            "description": function["description"],
            "input_schema": function["parameters"],
        }

    def choice(self, wanted):
        if isinstance(wanted, str):
            return {"type": self.choices[wanted]}
        return {"type": "tool", "name": wanted["function"]["name"]}

    def parts(self, said):
        if said["type"] == "message":
            if said["stop_reason"] is None:
                raise ValueError("it did not stop")
            texts = [block["text"] for block in said["content"] if block["type"] == "text"]
            return "".join(texts), [], said["stop_reason"], self.usage(said["usage"]), said["model"]
        if said["type"] == "error":
            raise ValueError(said["error"]["type"])
        text = said.get("delta", {}).get("text")
        message = said.get("message", {})
        usage = said.get("usage") or message.get("usage")
        return (
            text,
            [],
            said.get("delta", {}).get("stop_reason"),
            usage and self.usage(usage),
            message.get("model"),
        )

    def usage(self, said):
        read, written = said["cache_read_input_tokens"], said["cache_creation_input_tokens"]
        thought = said.get("output_tokens_details", {}).get("thinking_tokens")
        return Usage(said["input_tokens"] + read + written, said["output_tokens"], read, written, thought)

    def ends(self, data):
        return '"message_stop"' in data


class Gemini(Anthropic):
    name, model, host = "gemini", "gemini-2.5-flash", "generativelanguage.googleapis.com"
    choices = MappingProxyType({"auto": "AUTO", "required": "ANY", "none": "NONE"})
    names = MappingProxyType({"temperature": "temperature", "max_tokens": "maxOutputTokens"})

    def headers(self, key):
        return {"x-goog-api-key": key}

    def url(self, streaming):
        return f"/v1beta/models/{self.model}:" + (
            "streamGenerateContent?alt=sse" if streaming else "generateContent"
        )

    def body(self, request, streaming):
        self.called = {}
        contents = [self.message(one) for one in request.messages if one["role"] != "system"]
        systems = [{"text": one["content"]} for one in request.messages if one["role"] == "system"]
        params, stop = request.params, request.params.get("stop")
        config = {self.names[name]: value for name, value in params.items() if name in self.names}
        config |= {"stopSequences": [stop] if isinstance(stop, str) else stop} if stop else {}
        config |= {"responseMimeType": "application/json"} if params.get("response_format") else {}
        said = {"contents": contents, "generationConfig": config}
        said |= {"systemInstruction": {"parts": systems}} if systems else {}
        tools = [self.tool(one["function"]) for one in request.tools]
        said |= {"tools": [{"functionDeclarations": tools}]} if tools else {}
        return said | ({"toolConfig": self.choice(request.tool_choice)} if request.tool_choice else {})

    def message(self, one):
        if one["role"] == "tool":
            result = {"name": self.called[one["tool_call_id"]], "response": {"output": one["content"]}}
            return {"role": "user", "parts": [{"functionResponse": result}]}
        self.called |= {call["id"]: call["function"]["name"] for call in one.get("tool_calls") or ()}
        calls = [{"functionCall": self.call(call["function"])} for call in one.get("tool_calls") or ()]
        role = "model" if one["role"] == "assistant" else "user"
        return {"role": role, "parts": calls or [{"text": one["content"]}]}

    def call(self, function):
        return {"name": function["name"], "args": json.loads(function["arguments"])}

    def tool(self, function):
        return {
            "name": function["name"],
            "description": function["description"],
            "parametersJsonSchema": function["parameters"],
        }

    def choice(self, wanted):
        if isinstance(wanted, str):
            calling = {"mode": self.choices[wanted]}
        else:
            calling = {"mode": "ANY", "allowedFunctionNames": [wanted["function"]["name"]]}
        return {"functionCallingConfig": calling}

    def parts(self, said):
        if "promptFeedback" in said:
            raise ProviderRefused(said["promptFeedback"])
        candidate = said["candidates"][0]
        text = "".join(part.get("text", "") for part in candidate["content"]["parts"])
        usage = said.get("usageMetadata")
        return text, [], candidate.get("finishReason"), usage and self.usage(usage), said["modelVersion"]

    def usage(self, said):
        thoughts = said.get("thoughtsTokenCount", 0)
        return Usage(
            said["promptTokenCount"],
            said.get("candidatesTokenCount", 0) + thoughts,
            said.get("cachedContentTokenCount"),
            None,
            thoughts,
        )

    def ends(self, data):
        return '"finishReason"' in data


class WholeRouter:
    """The router. `formats` is the chain; what the policy raises is told by status and words."""

    formats = (Chat, Anthropic, DeepSeek, Gemini)
    raised = frozenset({400, 404, 413, 422})
    but = ("API_KEY_INVALID", "credit balance is too low")
    limit_s = 20.0

    def complete(self, request):
        failures = []
        for made in self.formats:
            provider = made()
            try:
                answer = self.ask(provider, request, streaming=False)
                with contextlib.closing(answer.connection):
                    return self.reply(provider, answer.read())
            except FAILURES as error:
                failures.append(self.failed(provider, error))
        raise NoProviderAvailable("; ".join(failures))

    def stream(self, request):
        failures = []
        for made in self.formats:
            provider = made()
            begun = False
            try:
                answer = self.ask(provider, request, streaming=True)
                with contextlib.closing(answer.connection):
                    for chunk in self.chunks(provider, answer):
                        begun = begun or bool(chunk.text)
                        yield chunk
                return
            except FAILURES as error:
                if begun:
                    raise
                failures.append(self.failed(provider, error))
        raise NoProviderAvailable("; ".join(failures))

    def failed(self, provider, error):
        return f"{provider.name}: {type(error).__name__}: {error}"

    def ask(self, provider, request, streaming):
        connection = http.client.HTTPSConnection(provider.host, timeout=self.limit_s)
        headers = provider.headers(os.environ[f"{provider.name.upper()}_API_KEY"])
        body = json.dumps(provider.body(request, streaming), ensure_ascii=False).encode()
        try:
            connection.request(
                "POST", provider.url(streaming), body, {"content-type": "application/json"} | headers
            )
            answer = connection.getresponse()
            answer.connection = connection
            if answer.status != 200:
                self.refuse(answer.status, answer.read().decode("utf-8", "replace"))
        except BaseException:
            connection.close()
            raise
        return answer

    def refuse(self, status, words):
        if status in self.raised and not any(known in words for known in self.but):
            raise ProviderRefused(f"{status}: {words}")
        raise ProviderFailed(status)

    def reply(self, provider, data):
        text, calls, finish, usage, model = provider.parts(json.loads(data))
        if text is None and not calls:
            raise ValueError("neither text nor calls")
        return Reply(text or "", calls, finish, usage, provider.name, model)

    def chunks(self, provider, answer):
        for line in itertools.chain(answer, [None]):
            if line is None:
                raise ValueError("the stream broke off")
            data = line.decode().strip()
            if data.startswith("{"):
                provider.parts(json.loads(data))
                raise ValueError(data)
            if not data.startswith("data:"):
                continue
            data = data.removeprefix("data:").strip()
            if data != "[DONE]":
                text, _, finish, usage, model = provider.parts(json.loads(data))
                yield Chunk(text or "", None, finish, usage, provider.name, model)
            if provider.ends(data):
                return
