"""One small handler for each client library, sync and async, plain and streaming, with a limit of 0.3 s.

A plain call is tried once more, unless the provider was silent: so attempts can be counted.
"""

from __future__ import annotations

import asyncio
import json
import os

import anthropic
import httpx
import openai
import requests
from google import genai
from google.genai import types

LIMIT_S = 0.3
ATTEMPTS = 2
# An event loop needs a moment to see that a connection in the pool has been closed.
PAUSE_S = 0.01
SILENCE = ("Timeout", "timed out")


def is_silence(error: Exception) -> bool:
    return any(word in f"{type(error).__name__} {error}" for word in SILENCE)


class Sync:
    def complete(self, request):
        for attempt in range(ATTEMPTS):
            try:
                return self.ask(list(request.messages))
            except Exception as error:
                if attempt == ATTEMPTS - 1 or is_silence(error):
                    raise
        raise AssertionError

    def stream(self, request):
        for text in self.tell(list(request.messages)):
            yield text or ""

    def close(self):
        self.client.close()


class Async:
    async def acomplete(self, request):
        for attempt in range(ATTEMPTS):
            try:
                return await self.ask(list(request.messages))
            except Exception as error:
                if attempt == ATTEMPTS - 1 or is_silence(error):
                    raise
            await asyncio.sleep(PAUSE_S)
        raise AssertionError

    async def astream(self, request):
        async for text in self.tell(list(request.messages)):
            yield text or ""

    async def aclose(self):
        await self.client.close()


OPENAI = {"model": "gpt-4o-mini"}


class OpenAISync(Sync):
    def __init__(self):
        # Trust stores take longer to load than everything else takes.
        http = openai.DefaultHttpxClient(verify=False)
        self.client = openai.OpenAI(max_retries=0, timeout=LIMIT_S, http_client=http)

    def ask(self, messages):
        return self.client.chat.completions.create(**OPENAI, messages=messages).choices[0].message.content

    def tell(self, messages):
        for chunk in self.client.chat.completions.create(**OPENAI, messages=messages, stream=True):
            if chunk.choices:
                yield chunk.choices[0].delta.content


class OpenAIAsync(Async):
    def __init__(self):
        http = openai.DefaultAsyncHttpxClient(verify=False)
        self.client = openai.AsyncOpenAI(max_retries=0, timeout=LIMIT_S, http_client=http)

    async def ask(self, messages):
        answer = await self.client.chat.completions.create(**OPENAI, messages=messages)
        return answer.choices[0].message.content

    async def tell(self, messages):
        async for chunk in await self.client.chat.completions.create(
            **OPENAI, messages=messages, stream=True
        ):
            if chunk.choices:
                yield chunk.choices[0].delta.content


ANTHROPIC = {"model": "claude-opus-4-8", "max_tokens": 100}


class AnthropicSync(Sync):
    def __init__(self):
        http = anthropic.DefaultHttpxClient(verify=False)
        self.client = anthropic.Anthropic(max_retries=0, timeout=LIMIT_S, http_client=http)

    def ask(self, messages):
        return self.client.messages.create(**ANTHROPIC, messages=messages).content[0].text

    def tell(self, messages):
        for event in self.client.messages.create(**ANTHROPIC, messages=messages, stream=True):
            if event.type == "content_block_delta":
                yield event.delta.text


class AnthropicAsync(Async):
    def __init__(self):
        http = anthropic.DefaultAsyncHttpxClient(verify=False)
        self.client = anthropic.AsyncAnthropic(max_retries=0, timeout=LIMIT_S, http_client=http)

    async def ask(self, messages):
        return (await self.client.messages.create(**ANTHROPIC, messages=messages)).content[0].text

    async def tell(self, messages):
        async for event in await self.client.messages.create(**ANTHROPIC, messages=messages, stream=True):
            if event.type == "content_block_delta":
                yield event.delta.text


def gemini_client():
    insecure = {"verify": False}
    return genai.Client(
        http_options=types.HttpOptions(
            timeout=int(LIMIT_S * 1000), client_args=insecure, async_client_args=insecure
        )
    )


def gemini(messages):
    return {"model": "gemini-2.5-flash", "contents": messages[-1]["content"]}


class GeminiSync(Sync):
    def __init__(self):
        self.client = gemini_client()

    def ask(self, messages):
        return self.client.models.generate_content(**gemini(messages)).text

    def tell(self, messages):
        for chunk in self.client.models.generate_content_stream(**gemini(messages)):
            yield chunk.text


class GeminiAsync(Async):
    def __init__(self):
        self.client = gemini_client().aio

    async def ask(self, messages):
        return (await self.client.models.generate_content(**gemini(messages))).text

    async def tell(self, messages):
        async for chunk in await self.client.models.generate_content_stream(**gemini(messages)):
            yield chunk.text

    async def aclose(self):
        await self.client.aclose()


# Clients that know no provider: they read OpenAI's format by hand, and streams line by line.


def url() -> str:
    return f"{os.environ['OPENAI_BASE_URL']}/chat/completions"


def asked(messages, *, stream=False) -> dict:
    return {"model": "gpt-4o-mini", "messages": messages, "stream": stream}


def text_of(status: int, data: bytes) -> str:
    if status != 200:
        raise RuntimeError(f"status {status}")
    return json.loads(data)["choices"][0]["message"]["content"]


class HttpxSync(Sync):
    def __init__(self):
        self.client = httpx.Client(timeout=LIMIT_S, verify=False)

    def ask(self, messages):
        answer = self.client.post(url(), json=asked(messages))
        return text_of(answer.status_code, answer.content)

    def tell(self, messages):
        with self.client.stream("POST", url(), json=asked(messages, stream=True)) as answer:
            yield f"{answer.status_code} "
            yield from answer.iter_lines()


class HttpxAsync(Async):
    def __init__(self):
        self.client = httpx.AsyncClient(timeout=LIMIT_S, verify=False)

    async def ask(self, messages):
        answer = await self.client.post(url(), json=asked(messages))
        return text_of(answer.status_code, answer.content)

    async def tell(self, messages):
        async with self.client.stream("POST", url(), json=asked(messages, stream=True)) as answer:
            yield f"{answer.status_code} "
            async for line in answer.aiter_lines():
                yield line

    async def aclose(self):
        await self.client.aclose()


class Requests(Sync):
    def __init__(self):
        self.client = requests.Session()

    def ask(self, messages):
        answer = self.client.post(url(), json=asked(messages), timeout=LIMIT_S, allow_redirects=False)
        return text_of(answer.status_code, answer.content)

    def tell(self, messages):
        options = {"timeout": LIMIT_S, "allow_redirects": False, "stream": True}
        with self.client.post(url(), json=asked(messages, stream=True), **options) as answer:
            yield f"{answer.status_code} "
            for line in answer.iter_lines():
                yield line.decode("utf-8", "replace")
