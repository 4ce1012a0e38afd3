"""Routers that stream with httpx, blocking and not: correct ones, and ones with a bug in when they hand out or let go."""

import asyncio
import contextlib
import json
import os
import re
import threading
import time

import httpx
from whole_router import FAILURES, Anthropic, Chat, NoProviderAvailable, ProviderFailed

from llminv.contract import Chunk

FAILED = (*FAILURES, httpx.HTTPError)
PAUSE_S = 0.5


class Right:
    """Asks each of two providers twice, and closes what it opened whatever happens."""

    formats = (Chat, Anthropic)

    def __init__(self):
        self.client, self.aclient = httpx.Client(timeout=20), httpx.AsyncClient(timeout=20)

    def asked(self, provider, streaming=True):
        headers = provider.headers(os.environ[f"{provider.name.upper()}_API_KEY"])
        body = json.dumps(provider.body(self.request, streaming))
        return {"method": "POST", "url": f"https://{provider.host}{provider.url(streaming)}"} | {
            "headers": headers,
            "content": body,
        }

    def read(self, provider, line):
        """Return the chunk that a line says, if it says one."""
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            return None
        text, _, finish, usage, model = provider.parts(json.loads(data))
        return Chunk(text or "", None, finish, usage, provider.name, model)

    def stream(self, request):
        self.request = request
        for provider in (made() for made in self.formats for _ in range(2)):
            try:
                with contextlib.closing(self.once(provider)) as chunks:
                    yield from self.handed_out(chunks)
                return
            except FAILED:
                time.sleep(PAUSE_S)
        raise NoProviderAvailable

    def handed_out(self, chunks):
        return chunks

    def once(self, provider):
        with self.client.stream(**self.asked(provider)) as response:
            if response.status_code != 200:
                raise ProviderFailed(response.status_code)
            for line in response.iter_lines():
                chunk = self.read(provider, line)
                if chunk is not None:
                    yield chunk

    async def astream(self, request):
        self.request = request
        for provider in (made() for made in self.formats for _ in range(2)):
            try:
                async with contextlib.aclosing(self.aonce(provider)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except FAILED:
                await asyncio.sleep(PAUSE_S)
        raise NoProviderAvailable

    async def aonce(self, provider):
        async with self.aclient.stream(**self.asked(provider)) as response:
            if response.status_code != 200:
                raise ProviderFailed(response.status_code)
            async for line in response.aiter_lines():
                chunk = self.read(provider, line)
                if chunk is not None:
                    yield chunk

    async def aclose(self):
        self.client.close()
        await self.aclient.aclose()


class Blocking(Right):
    astream = None


# When text is handed out


class Sentences(Blocking):
    """Hands out whole sentences."""

    def handed_out(self, chunks):
        held = ""
        for chunk in chunks:
            *whole, held = re.split(r"(?<=[.!?])(?=\s)", held + chunk.text)
            yield from map(Chunk, whole)
        yield Chunk(held)


class LooksAhead(Blocking):
    """Holds the last few chunks back."""

    def handed_out(self, chunks):
        held = []
        for chunk in chunks:
            held.append(chunk)
            if len(held) > 10:
                yield held.pop(0)
        yield from held


class Strings(Blocking):
    def handed_out(self, chunks):
        return (chunk.text for chunk in chunks)


class Announces(Blocking):
    """Says who will answer, and then nothing before the answer is whole."""

    def handed_out(self, chunks):
        yield Chunk("")
        yield from list(chunks)


class WaitsForTheReason(Blocking):
    def handed_out(self, chunks):
        held = []
        for chunk in chunks:
            held.append(chunk)
            if chunk.finish_reason:
                yield from held
                held = []


class Fakes(Blocking):
    """Asks for the whole answer and hands it out word by word."""

    def once(self, provider):
        response = self.client.request(**self.asked(provider, streaming=False))
        if response.status_code != 200:
            raise ProviderFailed(response.status_code)
        yield from (Chunk(word) for word in re.findall(r"\s*\S+", provider.parts(response.json())[0]))


class WaitsForTheWorld(Blocking):
    def handed_out(self, chunks):
        threading.Event().wait()
        yield from chunks


class NeverHandsOut(Blocking):
    def handed_out(self, chunks):
        while True:
            time.sleep(3600)
        yield from chunks


# What goes on when the consumer stops


class Drains(Blocking):
    """Reads on for half a second, to use the connection again."""

    def once(self, provider):
        with self.client.stream(**self.asked(provider)) as response:
            if response.status_code != 200:
                raise ProviderFailed(response.status_code)
            lines = response.iter_lines()
            try:
                yield from filter(None, (self.read(provider, line) for line in lines))
            except GeneratorExit:
                ends_s = time.monotonic() + 0.5
                response.stream._stream._httpcore_stream._connection._connection._network_stream._sock.settimeout(
                    0.5
                )
                with contextlib.suppress(httpx.HTTPError):
                    while time.monotonic() < ends_s and next(lines, None) is not None:
                        pass
                raise


class Pumps(Right):
    """Reads in a task of its own, which ends with whoever it reads for."""

    stream = None

    async def aonce(self, provider):
        chunks, gone = asyncio.Queue(), asyncio.Event()

        async def pump():
            try:
                async with contextlib.aclosing(Right.aonce(self, provider)) as said:
                    async for chunk in said:
                        if gone.is_set():
                            return
                        await chunks.put(chunk)
            except FAILED as error:
                await chunks.put(error)
            await chunks.put(None)

        pumping = asyncio.create_task(pump())
        try:
            while (chunk := await chunks.get()) is not None:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self.let_go(pumping, gone)

    def let_go(self, pumping, gone):
        pumping.cancel()


class PumpsOn(Pumps):
    def let_go(self, pumping, gone):
        self.pumping = pumping


class NoticesWithTheNextChunk(Pumps):
    """Looks at whether anybody listens when there is something to say."""

    def let_go(self, pumping, gone):
        self.pumping = pumping
        gone.set()


class LeavesOpen(Blocking):
    """Keeps the stream that it reads, and so nothing closes it."""

    def once(self, provider):
        self.reading = super().once(provider)
        for chunk in self.reading:  # noqa: UP028 - that would close it
            yield chunk


class ReadsToTheEnd(Blocking):
    def once(self, provider):
        with self.client.stream(**self.asked(provider)) as response:
            if response.status_code != 200:
                raise ProviderFailed(response.status_code)
            lines = response.iter_lines()
            try:
                yield from filter(None, (self.read(provider, line) for line in lines))
            except GeneratorExit:
                with contextlib.suppress(httpx.HTTPError):
                    list(lines)
                raise


class TakesItForAFailure(Right):
    """Whatever ends an attempt, the next one follows."""

    stream = None

    async def astream(self, request):
        self.request = request
        for provider in (made() for made in self.formats for _ in range(2)):
            try:
                async with contextlib.aclosing(self.aonce(provider)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except BaseException:
                continue


class RemembersItAsAFailure(Blocking):
    """Leaves a provider alone whose stream did not come to its end."""

    def __init__(self):
        super().__init__()
        self.open = False

    def stream(self, request):
        if self.open:
            raise NoProviderAvailable
        self.open = True
        yield from super().stream(request)
        self.open = False


class WaitsForTheEnd(Blocking):
    def once(self, provider):
        try:
            yield from super().once(provider)
        except GeneratorExit:
            threading.Event().wait()


class CannotLetGo(Blocking):
    def once(self, provider):
        try:
            yield from super().once(provider)
        except GeneratorExit:
            while True:
                time.sleep(3600)
