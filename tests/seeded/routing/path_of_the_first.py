"""The example handler, but Anthropic is called the way OpenAI is.

Public bug: A11, a fallback is called on an endpoint that it does not serve
(https://github.com/BerriAI/litellm/issues/41385).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import openai
from byok.handler import Handler as Example
from byok.openai_chat import OpenAIChat
from byok.transport import BoundedClient


class Chat(OpenAIChat):
    """Chat Completions at Anthropic."""

    def _connect(self, api_key: str) -> openai.AsyncOpenAI:
        url = "https://api.anthropic.com/v1"
        return openai.AsyncOpenAI(api_key=api_key, base_url=url, max_retries=0, http_client=BoundedClient())


class Handler(Example):
    """Keeps the type of the call over a fallback."""

    def __init__(self) -> None:
        super().__init__()
        key = self.adapters["anthropic"]._client.api_key
        self.adapters["anthropic"] = Chat("anthropic", "claude-opus-4-8", key)
