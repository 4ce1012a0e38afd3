"""Routers for the kinds about several calls: correct ones of many builds, and each with one bug."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

from whole_router import NoProviderAvailable, ProviderFailed, WholeRouter

from llminv.contract import Usage


class EveryWay(WholeRouter):
    """The asynchronous stream blocks its loop."""

    async def acomplete(self, request):
        return await asyncio.to_thread(self.complete, request)

    async def astream(self, request):
        for chunk in self.stream(request):
            yield chunk


# Correct, each in its own way


class OneAtATime(WholeRouter):
    def __init__(self):
        self.lock = threading.Lock()

    def complete(self, request):
        with self.lock:
            return super().complete(request)


class BlocksItsLoop(WholeRouter):
    complete = stream = None

    async def acomplete(self, request):
        return WholeRouter.complete(self, request)


class OneAtATimeAsync(WholeRouter):
    complete = stream = None

    def __init__(self):
        self.gate = asyncio.Semaphore(1)

    async def acomplete(self, request):
        async with self.gate:
            return await asyncio.to_thread(WholeRouter.complete, self, request)


class RunsALoop(WholeRouter):
    stream = None

    async def acomplete(self, request):
        return await asyncio.to_thread(WholeRouter.complete, self, request)

    def complete(self, request):
        return asyncio.run(self.acomplete(request))


class Estimates(WholeRouter):
    estimate = Usage(11, 7)

    def reply(self, provider, data):
        reply = super().reply(provider, data)
        return replace(reply, provider=None, usage=self.estimate)

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, provider=None, usage=self.estimate)


class ReportsNothing(WholeRouter):
    def reply(self, provider, data):
        return replace(super().reply(provider, data), provider=None, usage=None)

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, provider=None, usage=None)


# Concurrency: one bug each


class SharesTheRequest(WholeRouter):
    def complete(self, request):
        self.request = request
        time.sleep(0.01)
        return super().complete(self.request)


class RemembersEverybody(WholeRouter):
    def __init__(self):
        self.said = []

    def complete(self, request):
        self.said += request.messages
        return super().complete(replace(request, messages=list(self.said)))


class EmptiesTheBuffer(WholeRouter):
    def complete(self, request):
        reply = super().complete(request)
        self.text = reply.text
        time.sleep(0.01)
        text, self.text = self.text, ""
        return replace(reply, text=text)


class KeepsTheLastUsage(WholeRouter):
    def complete(self, request):
        reply = super().complete(request)
        self.usage = reply.usage
        time.sleep(0.01)
        return replace(reply, usage=self.usage)


class AddsUp(WholeRouter):
    spent = (0, 0)

    def complete(self, request):
        reply = super().complete(request)
        new = (reply.usage.input_tokens, reply.usage.output_tokens)
        self.spent = tuple(map(sum, zip(self.spent, new, strict=True)))
        return replace(reply, usage=Usage(*self.spent))


class KeepsTheLastProvider(WholeRouter):
    def complete(self, request):
        reply = super().complete(request)
        self.served_by = reply.provider
        time.sleep(0.01)
        return replace(reply, provider=self.served_by)


class KeepsTheError(WholeRouter):
    error = None

    def complete(self, request):
        if self.error:
            raise self.error
        try:
            return super().complete(request)
        except NoProviderAvailable as error:
            self.error = error
            raise


class DropsTheAnswer(WholeRouter):
    """Where another call came in meanwhile."""

    calls = 0

    def complete(self, request):
        self.calls += 1
        number = self.calls
        reply = super().complete(request)
        if number != self.calls:
            raise ProviderFailed("superseded")
        return reply


class LocksCrosswise(WholeRouter):
    def __init__(self):
        self.locks = [threading.Lock(), threading.Lock()]

    def complete(self, request):
        self.locks.reverse()
        first, second = self.locks
        with first:
            time.sleep(0.01)
            with second:
                return super().complete(request)


class StaysBusy(WholeRouter):
    busy = False

    def complete(self, request):
        while self.busy:
            time.sleep(600)
        self.busy = True
        reply = super().complete(request)
        self.busy = False
        return reply


# Endless ones


class NeverGivesUpReading(WholeRouter):
    limit_s = None


class AsksForEver(WholeRouter):
    def ask(self, provider, request, streaming):
        while True:
            try:
                return super().ask(provider, request, streaming)
            except ProviderFailed:
                time.sleep(600)


# Parity: one bug each


class StreamsFromTheFirstOnly(WholeRouter):
    def stream(self, request):
        self.formats = self.formats[:1]
        yield from super().stream(request)


class StreamFailsOtherwise(WholeRouter):
    def stream(self, request):
        try:
            yield from super().stream(request)
        except NoProviderAvailable as error:
            raise RuntimeError(str(error)) from error


class StreamLosesTheFirstWord(WholeRouter):
    def stream(self, request):
        begun = False
        for chunk in super().stream(request):
            yield chunk if begun else replace(chunk, text="")
            begun = begun or bool(chunk.text)


class StreamMiscounts(WholeRouter):
    def stream(self, request):
        for chunk in super().stream(request):
            yield replace(chunk, usage=chunk.usage and Usage(1, chunk.usage.output_tokens))


class StreamWaitsForEver(WholeRouter):
    def stream(self, request):
        self.limit_s = None
        yield from super().stream(request)


class StreamAsksForEver(AsksForEver):
    complete = WholeRouter.complete

    def ask(self, provider, request, streaming):
        return (super() if streaming else super(AsksForEver, self)).ask(provider, request, streaming)
