"""OpenAI's Chat Completions through the official SDK, and DeepSeek, which speaks it with an accent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import openai

from byok.faults import MALFORMED_ERRORS, malformed, status_fault, transport_fault
from byok.reply import tokens, whole_reply
from byok.request import SYSTEM_ROLES, text_of
from byok.transport import BoundedClient
from llminv.contract import Reply, Request, ToolCall, Usage

if TYPE_CHECKING:
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion

DEEPSEEK_URL = "https://api.deepseek.com"

# DeepSeek ran out of machines halfway: https://api-docs.deepseek.com/api/create-chat-completion
_BROKEN_OFF = frozenset({"insufficient_system_resource"})


class OpenAIChat:
    """One account at OpenAI. The neutral form is OpenAI's own, so requests pass as they are."""

    def __init__(self, name: str, model: str, api_key: str) -> None:
        self._name = name
        self._model = model
        self._client = self._connect(api_key)

    def _connect(self, api_key: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key=api_key, max_retries=0, http_client=BoundedClient())

    async def complete(self, request: Request) -> Reply:
        """Return the answer; raise ProviderError for anything else."""
        arguments = self._arguments(request)
        try:
            completion = await self._client.chat.completions.create(**arguments)
            return self._reply(completion)
        except openai.APIStatusError as error:
            raise status_fault(error, error.status_code, error.response.headers, error.body) from error
        except openai.APIConnectionError as error:
            raise transport_fault(error) from error
        except MALFORMED_ERRORS as error:
            raise malformed(error) from error

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
            usage=None if completion.usage is None else self._usage(completion.usage),
            provider=self._name,
            model=completion.model,
        )

    def _usage(self, usage: CompletionUsage) -> Usage:
        prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
        return Usage(
            input_tokens=tokens(usage.prompt_tokens),
            output_tokens=tokens(usage.completion_tokens),
            cached_input_tokens=tokens(prompt.cached_tokens) if prompt else None,
            cache_write_tokens=tokens(prompt.cache_write_tokens) if prompt else None,
            reasoning_tokens=tokens(completion.reasoning_tokens) if completion else None,
        )


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
