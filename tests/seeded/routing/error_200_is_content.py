"""The example handler, but an error that OpenAI reports with status 200 comes back as content.

Public bug: A35, a 200 that carries a quota error never triggers the fallback
(https://github.com/mastra-ai/mastra/issues/9564).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import httpx2
import openai
from byok.handler import Handler as Example
from byok.openai_chat import OpenAIChat
from openai.types.chat import ChatCompletion

from llminv.contract import Reply


class Believing(OpenAIChat):
    """Believes the status."""

    def _connect(self, api_key: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key=api_key, max_retries=0, http_client=httpx2.AsyncClient(timeout=20))

    def _reply(self, completion: ChatCompletion) -> Reply:
        error = getattr(completion, "error", None)
        return super()._reply(completion) if error is None else Reply(error["message"], provider="openai")


class Handler(Example):
    """Looks for errors in the status alone."""

    def __init__(self) -> None:
        super().__init__()
        self.adapters["openai"] = Believing("openai", "gpt-4o-mini", self.adapters["openai"]._client.api_key)
