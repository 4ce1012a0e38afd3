"""OpenAI's Chat Completions through the official SDK, and DeepSeek, which speaks it with an accent."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import openai

from byok.faults import MALFORMED_ERRORS, malformed, status_fault, transport_fault
from byok.reply import tokens, told, whole_reply
from byok.request import SYSTEM_ROLES, text_of
from byok.transport import BoundedClient
from llminv.contract import Reply, Request, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from openai.types.chat import ChatCompletion
    from openai.types.chat.chat_completion_chunk import Choice, ChoiceDeltaToolCall

    from byok.streaming import PartialCall, StreamedAnswer

DEEPSEEK_URL = "https://api.deepseek.com"

# DeepSeek ran out of machines halfway: https://api-docs.deepseek.com/api/create-chat-completion
_BROKEN_OFF = frozenset({"insufficient_system_resource"})


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Turn what the SDK raises, and what reading its answer raises, into a ProviderError."""
    try:
        yield
    except openai.APIStatusError as error:
        raise status_fault(error, error.status_code, error.response.headers, error.body) from error
    except openai.APIConnectionError as error:
        raise transport_fault(error) from error
    except (openai.APIError, *MALFORMED_ERRORS) as error:
        raise malformed(error) from error


class OpenAIChat:
    """One account at OpenAI. The neutral form is OpenAI's own, so requests pass as they are."""

    def __init__(self, name: str, model: str, api_key: str) -> None:
        self.name = name
        self._model = model
        self._client = self._connect(api_key)

    def _connect(self, api_key: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key=api_key, max_retries=0, http_client=BoundedClient())

    async def complete(self, request: Request) -> Reply:
        """Return the answer; raise ProviderError for anything else."""
        arguments = self._arguments(request)
        with _failing():
            completion = await self._client.chat.completions.create(**arguments)
            return self._reply(completion)

    async def stream(self, request: Request, answer: StreamedAnswer) -> AsyncGenerator[None, None]:
        """Read a stream into `answer`, event by event; raise ProviderError for anything but an answer.

        It is finished with a finish reason. Usage may follow that, `[DONE]` need not.
        """
        arguments = {**self._arguments(request), "stream": True, "stream_options": {"include_usage": True}}
        calls = _Calls(answer)
        counts: dict[str, Any] = {}
        with _failing():
            async with await self._client.chat.completions.create(**arguments) as chunks:
                async for chunk in chunks:
                    answer.model = chunk.model or answer.model
                    if chunk.usage is not None:
                        counts |= told(chunk.usage)
                        answer.usage = self._usage(counts)
                    for choice in chunk.choices or ():  # none where only usage is told, or a filter's result
                        self._read(choice, answer, calls)
                    yield

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        return [dict(message) for message in request.messages]

    def _arguments(self, request: Request) -> dict[str, Any]:  # Any: JSON, as the caller gave it
        arguments = {"model": self._model, "messages": self._messages(request), **request.params}
        if request.tools:
            arguments["tools"] = list(request.tools)
        if request.tool_choice is not None:
            arguments["tool_choice"] = request.tool_choice
        return {name: value for name, value in arguments.items() if value is not None}

    def _reply(self, completion: ChatCompletion) -> Reply:
        choice = completion.choices[0]
        message = choice.message
        finish_reason: str | None = choice.finish_reason
        if finish_reason in _BROKEN_OFF:
            raise ValueError(finish_reason)
        return whole_reply(
            message.refusal or message.content,
            [
                ToolCall(call.id, call.function.name, call.function.arguments)
                for call in message.tool_calls or ()
                if call.type == "function"
            ],
            "content_filter" if message.refusal else finish_reason,
            usage=None if completion.usage is None else self._usage(told(completion.usage)),
            provider=self.name,
            model=completion.model,
        )

    def _read(self, choice: Choice, answer: StreamedAnswer, calls: _Calls) -> None:
        delta = choice.delta
        if delta is not None:
            answer.say(delta.content)
            answer.say(delta.refusal)
            calls.refused |= bool(delta.refusal)
            if getattr(delta, "reasoning_content", None):  # DeepSeek's, which OpenAI's SDK has no name for
                answer.go_on()
            for fragment in delta.tool_calls or ():
                calls.add(fragment)
        if choice.finish_reason in _BROKEN_OFF:
            raise ValueError(choice.finish_reason)
        answer.finish("content_filter" if choice.finish_reason and calls.refused else choice.finish_reason)

    def _usage(self, counts: Mapping[str, Any]) -> Usage:
        prompt, completion = counts.get("prompt_tokens_details"), counts.get("completion_tokens_details")
        return Usage(
            input_tokens=tokens(counts.get("prompt_tokens")),
            output_tokens=tokens(counts.get("completion_tokens")),
            cached_input_tokens=tokens(prompt.cached_tokens) if prompt else None,
            cache_write_tokens=tokens(prompt.cache_write_tokens) if prompt else None,
            reasoning_tokens=tokens(completion.reasoning_tokens) if completion else None,
        )


class _Calls:
    """The tool calls of a stream; `refused` says whether it holds a refusal, which is text of another name.

    By the format, the fragments of a call have its index, and the first one has its id. Gateways send one
    index for all calls (https://github.com/BerriAI/litellm/issues/33678), or none
    (https://github.com/agno-agi/agno/issues/3826). So: an id that is new opens a call; a fragment without an
    id belongs to the latest call of its index, and one without either to the latest of all, unless it names
    a function.
    """

    def __init__(self, answer: StreamedAnswer) -> None:
        self.refused = False
        self._answer = answer
        self._by_id: dict[str, PartialCall] = {}
        self._by_index: dict[int | None, PartialCall] = {}

    def add(self, fragment: ChoiceDeltaToolCall) -> None:
        """Add a fragment to its call."""
        index = getattr(fragment, "index", None)  # the SDK leaves out what was not sent
        function = fragment.function
        name = function.name if function else None
        if fragment.id:
            call = self._by_id.get(fragment.id)
        else:
            call = None if index is None and name else self._by_index.get(index)
        if call is None:
            call = self._answer.open_call(fragment.id or None, name)
        if fragment.id:
            self._by_id[fragment.id] = call
        self._by_index[index] = self._by_index[None] = call
        self._answer.add_to(call, function.arguments if function else None)


class DeepSeekChat(OpenAIChat):
    """One account at DeepSeek."""

    def _connect(self, api_key: str) -> openai.AsyncOpenAI:
        client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=os.environ.get("DEEPSEEK_BASE_URL") or DEEPSEEK_URL,
            max_retries=0,
            http_client=BoundedClient(),
        )
        # The SDK takes these from OPENAI_ORG_ID and OPENAI_PROJECT_ID, for whatever host.
        client.organization = client.project = None
        return client

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        """Return the messages without what only OpenAI has: a role for developers, text in parts."""
        return [
            {
                **message,
                "role": "system" if message["role"] in SYSTEM_ROLES else message["role"],
                "content": None if message.get("content") is None else text_of(message),
            }
            for message in request.messages
        ]
