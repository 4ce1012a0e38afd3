"""Small handlers, one for each client library: one provider, a limit of 20 s, no retries."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import ssl
import urllib.request

import anthropic
import httpx
import openai
import requests
from google import genai
from google.genai import types

LIMIT_S = 20.0
HOST = "api.openai.com"
PATH = "/v1/chat/completions"
URL = f"https://{HOST}{PATH}"


def body(request) -> dict:
    return {"model": "gpt-4o-mini", "messages": list(request.messages)}


def headers() -> dict[str, str]:
    return {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "content-type": "application/json"}


def text_of(status: int, data: bytes) -> str:
    if status != 200:
        raise RuntimeError(f"status {status}")
    return json.loads(data)["choices"][0]["message"]["content"]


class OpenAISync:
    def __init__(self):
        self.client = openai.OpenAI(max_retries=0, timeout=LIMIT_S)

    def complete(self, request):
        return self.client.chat.completions.create(**body(request)).choices[0].message.content


class OpenAIAsync:
    def __init__(self):
        self.client = openai.AsyncOpenAI(max_retries=0, timeout=LIMIT_S)

    async def acomplete(self, request):
        return (await self.client.chat.completions.create(**body(request))).choices[0].message.content


class AnthropicSync:
    def __init__(self):
        self.client = anthropic.Anthropic(max_retries=0, timeout=LIMIT_S)

    def complete(self, request):
        asked = {"model": "claude-opus-4-8", "max_tokens": 100, "messages": list(request.messages)}
        return self.client.messages.create(**asked).content[0].text


class AnthropicAsync:
    def __init__(self):
        self.client = anthropic.AsyncAnthropic(max_retries=0, timeout=LIMIT_S)

    async def acomplete(self, request):
        asked = {"model": "claude-opus-4-8", "max_tokens": 100, "messages": list(request.messages)}
        return (await self.client.messages.create(**asked)).content[0].text


class GeminiSync:
    def __init__(self):
        self.client = genai.Client(http_options=types.HttpOptions(timeout=int(LIMIT_S * 1000)))

    def complete(self, request):
        asked = {"model": "gemini-2.5-flash", "contents": request.messages[-1]["content"]}
        return self.client.models.generate_content(**asked).text


class GeminiAsync(GeminiSync):
    complete = None

    async def acomplete(self, request):
        asked = {"model": "gemini-2.5-flash", "contents": request.messages[-1]["content"]}
        return (await self.client.aio.models.generate_content(**asked)).text


class DeepSeekSync:
    def __init__(self):
        self.client = openai.OpenAI(
            base_url="https://api.deepseek.com",
            api_key=os.environ["DEEPSEEK_API_KEY"],
            max_retries=0,
            timeout=LIMIT_S,
        )

    def complete(self, request):
        asked = {"model": "deepseek-chat", "messages": list(request.messages)}
        return self.client.chat.completions.create(**asked).choices[0].message.content


class HttpxSync:
    def complete(self, request):
        answer = httpx.post(URL, json=body(request), headers=headers(), timeout=LIMIT_S)
        return text_of(answer.status_code, answer.content)


class HttpxAsync:
    async def acomplete(self, request):
        async with httpx.AsyncClient(timeout=LIMIT_S) as client:
            answer = await client.post(URL, json=body(request), headers=headers())
        return text_of(answer.status_code, answer.content)


class Requests:
    def complete(self, request):
        answer = requests.post(URL, json=body(request), headers=headers(), timeout=LIMIT_S)
        return text_of(answer.status_code, answer.content)


class HttpClient:
    def complete(self, request):
        connection = http.client.HTTPSConnection(HOST, timeout=LIMIT_S)
        try:
            connection.request("POST", PATH, json.dumps(body(request)), headers())
            answer = connection.getresponse()
            return text_of(answer.status, answer.read())
        finally:
            connection.close()


class UrllibRequest:
    def complete(self, request):
        asked = urllib.request.Request(URL, json.dumps(body(request)).encode(), headers())
        with urllib.request.urlopen(asked, timeout=LIMIT_S) as answer:
            return text_of(answer.status, answer.read())


class Streams:
    async def acomplete(self, request):
        async with asyncio.timeout(LIMIT_S):
            return await self.ask(request)

    async def ask(self, request):
        reader, writer = await asyncio.open_connection(HOST, 443, ssl=ssl.create_default_context())
        try:
            data = json.dumps(body(request)).encode()
            lines = [f"POST {PATH} HTTP/1.1", f"host: {HOST}", f"content-length: {len(data)}"]
            lines += [f"{name}: {value}" for name, value in headers().items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + data)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            return text_of(int(head.split(" ")[1]), await reader.readexactly(length))
        finally:
            writer.close()
