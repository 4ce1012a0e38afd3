"""The handler that llminv audits: an adapter of a few lines around your own LLM layer.

Written by `llminv init` as something that works: it asks the providers one after another, with the standard
library alone, until one answers, and keeps the declarations in `invariants/`. It knows texts only, and passes
no tools and no parameters on. Replace the body of `complete` with a call of your own code, unmodified: llminv
plays the providers, answers the traffic to their hosts, and lets nothing else out.

The contract (llminv.contract has it in full). A handler offers at least one of these operations; each
can be left out, and what is left out is not audited:

    complete(request) -> Reply            or: async def acomplete(request) -> Reply
    stream(request) -> iterator of Chunk  or: astream(request) -> async iterator of Chunk
    count_tokens(text_or_messages, *, provider, model, tools=()) -> int
    cost(usage, *, provider, model) -> Decimal | float | int | str

`request.messages` has the shape of OpenAI's Chat Completions; pass all of it on, because llminv tells
calls apart by their text. `request.start` names the provider to begin with, if the caller wants one. A
plain str will do for a Reply. Keys and base URLs are in the environment, under the names that the SDKs
read, before this file is imported; the keys are worthless and unique, so that a leak can be seen.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from llminv.contract import Message, Reply, Request, Usage

TIMEOUT_S = 20


class NoProviderAvailable(Exception):
    """Every provider failed; the message names each of them (`exhausted` in the policy)."""


class Refused(Exception):
    """A provider refuses the request itself, so that no other one is asked (`raise` in the policy)."""


class Handler:
    """Made anew for every scenario; `close` or `aclose` is called at its end, where there is one."""

    def complete(self, request: Request) -> Reply:
        """Return the answer of the first provider that gives one."""
        attempts = []
        for provider, ask in ASK.items():
            try:
                return replace(ask(request.messages), provider=provider)
            except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
                attempts.append(f"{provider}: {type(error).__name__}: {error}")
        raise NoProviderAvailable("; ".join(attempts))


def ask_openai(messages: Sequence[Message]) -> Reply:
    """Ask OpenAI."""
    return _chat("https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini", messages)


def ask_deepseek(messages: Sequence[Message]) -> Reply:
    """Ask DeepSeek, which speaks OpenAI's format."""
    return _chat("https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek-chat", messages)


def ask_anthropic(messages: Sequence[Message]) -> Reply:
    """Ask Anthropic."""
    said = _post(
        "https://api.anthropic.com/v1/messages",
        {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"},
        {"model": "claude-opus-4-8", "max_tokens": 1024, "messages": list(messages)},
    )
    text = "".join(block["text"] for block in said["content"] if block["type"] == "text")
    used = said["usage"]
    cached = used.get("cache_read_input_tokens", 0) + used.get("cache_creation_input_tokens", 0)
    usage = Usage(used["input_tokens"] + cached, used["output_tokens"])
    return Reply(text, model=said["model"], usage=usage)


def ask_gemini(messages: Sequence[Message]) -> Reply:
    """Ask Gemini, which refuses content with an answer that has no candidates."""
    said = _post(
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
        {"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
        {"contents": [{"role": "user", "parts": [{"text": message["content"]}]} for message in messages]},
    )
    if "promptFeedback" in said:
        raise Refused(f"the prompt was blocked: {said['promptFeedback']}")
    parts = said["candidates"][0]["content"].get("parts", [])
    used = said.get("usageMetadata", {})
    output = used.get("candidatesTokenCount", 0) + used.get("thoughtsTokenCount", 0)
    usage = Usage(used.get("promptTokenCount"), output if used else None)
    return Reply("".join(part["text"] for part in parts), model=said["modelVersion"], usage=usage)


def _chat(base_url: str, key: str, model: str, messages: Sequence[Message]) -> Reply:
    said = _post(
        f"{base_url}/chat/completions",
        {"authorization": f"Bearer {os.environ[key]}"},
        {"model": model, "messages": list(messages)},
    )
    used = said.get("usage") or {}
    usage = Usage(used.get("prompt_tokens"), used.get("completion_tokens"))
    return Reply(said["choices"][0]["message"]["content"] or "", model=said["model"], usage=usage)


def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> Any:  # Any: JSON
    request = urllib.request.Request(  # noqa: S310 - every url above is https
        url, json.dumps(body).encode(), {"content-type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
            return json.load(response)
    except HTTPError as error:
        said = error.read().decode(errors="replace")
        if error.code in REFUSALS and not any(words in said for words in OF_THE_ACCOUNT):
            raise Refused(f"status {error.code}: {said}") from error
        raise


# The statuses with which a request is refused, and words with which some do so for the sake of the account.
REFUSALS = (400, 404, 413, 422)
OF_THE_ACCOUNT = ("API_KEY_INVALID", "credit balance")

# The chain, in the order of the policy in invariants/providers.yaml.
ASK = {"openai": ask_openai, "anthropic": ask_anthropic, "deepseek": ask_deepseek, "gemini": ask_gemini}
