"""The providers' own SDKs, one after the other: what the routers stand on, in their newest releases."""

from contextlib import suppress

from anthropic import Anthropic, AsyncAnthropic
from google import genai
from openai import AsyncOpenAI, OpenAI

from llminv.contract import Request, World


class Handler:
    def __init__(self, world: World) -> None:
        self.models = {name: access.model for name, access in world.providers.items()}
        access = world.providers["deepseek"]
        there = {"base_url": access.base_url, "api_key": access.api_key}
        gemini = genai.Client(http_options={"timeout": 20_000})
        self.blocking = OpenAI(), Anthropic(), OpenAI(**there), gemini
        self.waiting = AsyncOpenAI(), AsyncAnthropic(), AsyncOpenAI(**there), gemini.aio

    def complete(self, request: Request) -> str:
        for name, client in zip(self.models, self.blocking, strict=True):
            with suppress(Exception):
                return self.ask(name, client, request).model_dump_json()
        raise LookupError("no provider answers")

    async def acomplete(self, request: Request) -> str:
        for name, client in zip(self.models, self.waiting, strict=True):
            with suppress(Exception):
                return (await self.ask(name, client, request)).model_dump_json()
        raise LookupError("no provider answers")

    def ask(self, name: str, client, request: Request):
        asked = {"model": self.models[name], "messages": list(request.messages)}
        if name == "anthropic":
            return client.messages.create(max_tokens=9, **asked)
        if name == "gemini":
            return client.models.generate_content(model=asked["model"], contents=str(asked["messages"]))
        return client.chat.completions.create(**asked)
