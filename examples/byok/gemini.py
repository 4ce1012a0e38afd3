"""Gemini's generateContent through the official SDK: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
from google import genai
from google.genai import errors, types

from byok.errors import ContentRefusedError, ProviderError
from byok.faults import MALFORMED_ERRORS, malformed, retry_delays, status_fault, transport_fault
from byok.policy import FaultClass
from byok.reply import arguments_of, tokens, told, total, whole_reply
from byok.request import (
    as_object,
    chosen_tool,
    stop_sequences,
    system_prompts,
    text_of,
    turns,
    wants_json,
)
from byok.transport import BoundedClient, closed_by
from llminv.contract import Message, Reply, Request, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from byok.streaming import StreamedAnswer

_MODES = {
    "auto": types.FunctionCallingConfigMode.AUTO,
    "required": types.FunctionCallingConfigMode.ANY,
    "none": types.FunctionCallingConfigMode.NONE,
}
_FINISH_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
}
# The model broke off over a call that it could not write: what there is, is not an answer.
_BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})
# With this message and no word on when to try again, a 429 is about the account, not about the rate.
_NO_QUOTA = "You exceeded your current quota"


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Turn what the SDK raises, and what reading its answer raises, into a ProviderError."""
    try:
        yield
    except errors.APIError as error:
        raise _status_fault(error) from error
    except (httpx2.RequestError, anyio.EndOfStream, OSError) as error:  # httpx2 leaks the last two
        raise transport_fault(error) from error
    except MALFORMED_ERRORS as error:
        raise malformed(error) from error


class Gemini:
    """One account at Google AI."""

    def __init__(self, name: str, model: str, api_key: str) -> None:
        self.name = name
        self._model = model
        self._http_client = BoundedClient()
        self._client = genai.Client(
            vertexai=False,
            api_key=api_key,
            http_options=types.HttpOptions(httpx_async_client=self._http_client),
        )

    async def complete(self, request: Request) -> Reply:
        """Return the answer; raise ProviderError for anything else."""
        contents, config = _contents(request), _config(request)
        with _failing():
            answer = await self._client.aio.models.generate_content(
                model=self._model, contents=contents, config=config
            )
            return self._reply(answer)

    async def stream(self, request: Request, answer: StreamedAnswer) -> AsyncGenerator[None, None]:
        """Read a stream into `answer`, response by response; raise ProviderError for anything but an answer.

        It is finished with a finish reason: there is no event to end with. The SDK leaves the connection of a
        stream that is not read to its end to the garbage collector, and has nothing to close it by
        (https://github.com/googleapis/python-genai/issues/2425), so it is closed below the SDK.
        """
        contents, config = _contents(request), _config(request)
        counts: dict[str, Any] = {}
        with _failing():
            async with contextlib.AsyncExitStack() as exits:
                with closed_by(exits):
                    responses = await self._client.aio.models.generate_content_stream(
                        model=self._model, contents=contents, config=config
                    )
                    response = await anext(responses, None)  # only now is the request sent
                while response is not None:
                    answer.model = response.model_version or answer.model
                    if response.usage_metadata is not None:
                        counts |= told(response.usage_metadata)
                        answer.usage = _usage(counts)
                    self._check(response)
                    for candidate in response.candidates or ():
                        _read(candidate, response.response_id, answer)
                    yield
                    response = await anext(responses, None)

    async def count_tokens(self, request: Request, model: str) -> int:
        """Return how many tokens the provider counts in a prompt for `model`; raise ProviderError if none.

        The SDK does not pass on system prompts and tools here, so they are counted as contents.
        """
        apart = [*system_prompts(request), *(json.dumps(tool, ensure_ascii=False) for tool in request.tools)]
        contents = [*_contents(request), *(types.UserContent(text) for text in apart)]
        with _failing():
            counted = await self._client.aio.models.count_tokens(model=model, contents=contents)
            return int(counted.total_tokens)

    async def aclose(self) -> None:
        """Close the connections; the SDK leaves a client that it was given to its owner."""
        self._client.close()
        await self._http_client.aclose()

    def _check(self, answer: types.GenerateContentResponse) -> None:
        blocked = answer.prompt_feedback and answer.prompt_feedback.block_reason
        if blocked and not answer.candidates:
            refusal = ContentRefusedError(f"{self.name} refused the prompt: {blocked.value}")
            raise ProviderError(FaultClass.CONTENT_POLICY, refusal)

    def _reply(self, answer: types.GenerateContentResponse) -> Reply:
        self._check(answer)
        if not answer.candidates:
            raise ValueError("an answer without candidates")
        candidate = answer.candidates[0]
        parts = _parts(candidate)
        texts = [part.text for part in parts if part.text is not None and not part.thought]
        calls = [part.function_call for part in parts if part.function_call]
        return whole_reply(
            "".join(texts) if texts else None,
            [
                ToolCall(_id(call, answer.response_id, index), call.name, arguments_of(call.args or {}))
                for index, call in enumerate(calls)
            ],
            _reason(candidate, called=bool(calls)),
            usage=None if answer.usage_metadata is None else _usage(told(answer.usage_metadata)),
            provider=self.name,
            model=answer.model_version,
        )


def _read(candidate: types.Candidate, response_id: str | None, answer: StreamedAnswer) -> None:
    for part in _parts(candidate):
        if part.function_call:
            call = part.function_call
            partial = answer.open_call(_id(call, response_id, len(answer.calls)), call.name)
            answer.add_to(partial, arguments_of(call.args or {}))
        elif part.thought:
            answer.go_on()
        else:
            answer.say(part.text)
    answer.finish(_reason(candidate, called=bool(answer.calls)))


def _parts(candidate: types.Candidate) -> list[types.Part]:
    return (candidate.content.parts if candidate.content else None) or []


def _id(call: types.FunctionCall, response_id: str | None, index: int) -> str:
    """Return the id of a call: most have none, but the caller needs one to say whose result it sends."""
    return call.id or f"{response_id}-{index}"


def _reason(candidate: types.Candidate, *, called: bool) -> str | None:
    """Return why the answer is over; it stops to have functions called, and has no word for that."""
    reason = candidate.finish_reason.value if candidate.finish_reason else None
    if reason in _BROKEN:
        raise ValueError(reason)
    neutral = _FINISH_REASONS.get(reason or "", reason)
    return "tool_calls" if called and neutral == "stop" else neutral


def _status_fault(error: errors.APIError) -> ProviderError:
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    fault = status_fault(error, error.code, headers, error.details)
    passes = any(retry_delays(error.details))
    if error.code == 429 and not passes and str(error.message).startswith(_NO_QUOTA):
        fault.fault_class = FaultClass.QUOTA
    return fault


def _contents(request: Request) -> list[types.ContentUnion]:
    contents: list[types.ContentUnion] = []
    names: dict[str, str] = {}  # of functions, by the id of their call: a result has to name both
    for messages in turns(request):
        role = messages[0]["role"]
        if role == "tool":
            parts = [_result(message, names) for message in messages]
        else:
            calls = messages[0].get("tool_calls") or ()
            names |= {call["id"]: call["function"]["name"] for call in calls}
            text = text_of(messages[0])
            parts = [types.Part(text=text)] if text or not calls else []
            parts += [_call(call) for call in calls]
        contents.append(types.Content(role="model" if role == "assistant" else "user", parts=parts))
    return contents


def _call(call: Mapping[str, Any]) -> types.Part:  # Any: JSON
    function = call["function"]
    args = as_object(function["arguments"], "invalid_json")
    return types.Part(function_call=types.FunctionCall(id=call["id"], name=function["name"], args=args))


def _result(message: Message, names: Mapping[str, str]) -> types.Part:
    call_id = message["tool_call_id"]
    response = as_object(text_of(message), "output")
    return types.Part(
        function_response=types.FunctionResponse(id=call_id, name=names.get(call_id), response=response)
    )


def _config(request: Request) -> types.GenerateContentConfig:
    params = request.params
    system = [types.Part(text=text) for text in system_prompts(request)]
    declarations = [_declaration(tool["function"]) for tool in request.tools]
    return types.GenerateContentConfig(
        system_instruction=types.Content(parts=system) if system else None,
        temperature=params.get("temperature"),
        top_p=params.get("top_p"),
        max_output_tokens=params.get("max_tokens"),
        stop_sequences=stop_sequences(request),
        response_mime_type="application/json" if wants_json(request) else None,
        tools=[types.Tool(function_declarations=declarations)] if declarations else None,
        tool_config=_tool_config(request),
        # One call of ours is one request: the SDK neither runs functions nor asks for more by itself.
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
    )


def _declaration(function: Mapping[str, Any]) -> types.FunctionDeclaration:  # Any: JSON
    return types.FunctionDeclaration(
        name=function["name"],
        description=function.get("description"),
        parameters_json_schema=function.get("parameters"),
    )


def _tool_config(request: Request) -> types.ToolConfig | None:
    name = chosen_tool(request)
    if name is not None:
        calling = types.FunctionCallingConfig(mode=_MODES["required"], allowed_function_names=[name])
    elif request.tool_choice is not None:
        calling = types.FunctionCallingConfig(mode=_MODES[str(request.tool_choice)])
    else:
        return None
    return types.ToolConfig(function_calling_config=calling)


def _usage(counts: Mapping[str, Any]) -> Usage:
    """Return the usage: what the model thought stands beside what it said, and is output as well."""
    thoughts = tokens(counts.get("thoughts_token_count"))
    said = tokens(counts.get("candidates_token_count"))
    tools = tokens(counts.get("tool_use_prompt_token_count"))
    return Usage(
        input_tokens=total(tokens(counts.get("prompt_token_count")), tools),
        output_tokens=thoughts if said is None else total(said, thoughts),
        cached_input_tokens=tokens(counts.get("cached_content_token_count")),
        reasoning_tokens=thoughts,
    )
