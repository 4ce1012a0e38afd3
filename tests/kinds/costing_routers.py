"""Routers whose replies and chunks say what they cost: a correct one, and each with one bug."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from pricers import Table
from whole_router import Chat, WholeRouter

from llminv.contract import Reply, Usage


class Costs(WholeRouter):
    """Says with every reply what its usage costs, and with every chunk that has one."""

    def __init__(self):
        self.prices = Table()

    def cost_of(self, provider, usage):
        about = self.about(provider)
        return None if usage is None else self.prices.cost(usage, **about)

    def about(self, provider):
        return {"provider": provider.name, "model": provider.model}

    def reply(self, provider, data):
        reply = super().reply(provider, data)
        return replace(reply, cost=self.cost_of(provider, reply.usage))

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, cost=self.cost_of(provider, chunk.usage))


# Correct, each in its own way


class Floats(Costs):
    def cost_of(self, provider, usage):
        cost = super().cost_of(provider, usage)
        return None if cost is None else float(cost)


class Insists(Costs):
    """An answer without usage is none."""

    def reply(self, provider, data):
        reply = super().reply(provider, data)
        if reply.usage is None:
            raise ValueError("no usage")
        return reply


class CountsFailures(Costs):
    """Adds what a failed attempt reported."""

    def complete(self, request):
        self.billed = 0
        return super().complete(request)

    def reply(self, provider, data):
        try:
            reply = super().reply(provider, data)
        except LookupError:
            if provider.name in ("openai", "deepseek"):
                usage = provider.usage(json.loads(data)["usage"])
                self.billed += self.cost_of(provider, usage)
            raise
        return replace(reply, cost=reply.cost + self.billed)


class Silent(Chat):
    def body(self, request, streaming):
        said = super().body(request, streaming)
        said.pop("stream_options", None)
        return said


class NeverAsks(Costs):
    """Estimates, where a stream reports nothing because nobody asked for it."""

    formats = (Silent,)

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, cost=0.001)


class NothingOfBroken(Costs):
    """Streams from anthropic, then from deepseek, and adds `share` of the input of a broken stream."""

    formats = WholeRouter.formats[1:]
    share = 0.0

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            cost = None if chunk.cost is None else float(chunk.cost) + self.share * 100 * 0.005 / 1000
            yield replace(chunk, cost=cost)


class HalfOfBroken(NothingOfBroken):
    share = 0.5


class AllOfBroken(NothingOfBroken):
    share = 1.0


# One bug each


class MoreThanBroken(NothingOfBroken):
    share = 1.1


class PriceOfTheFirst(Costs):
    def about(self, provider):
        return {"provider": "openai", "model": "gpt-4o-mini"}


class UsageOfTheFirst(Costs):
    """Prices the usage that the first call had."""

    usage = None

    def cost_of(self, provider, usage):
        self.usage = self.usage or usage
        return super().cost_of(provider, self.usage)


class StreamsAreFree(Costs):
    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, cost=0)


class StreamsSayNothing(Costs):
    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, cost=None)


class MissingIsFree(Costs):
    def cost_of(self, provider, usage):
        return super().cost_of(provider, usage or Usage(0, 0))


class CountsRetries(Costs):
    """Bills every attempt as if it had answered."""

    def complete(self, request):
        self.asked = 0
        return super().complete(request)

    def ask(self, provider, request, *, streaming):
        self.asked += 1
        return super().ask(provider, request, streaming=streaming)

    def reply(self, provider, data):
        reply = super().reply(provider, data)
        return replace(reply, cost=reply.cost and self.asked * reply.cost)


class KeepsAnswers(Costs):
    """Answers the same prompt from a cache, and costs it again."""

    def __init__(self):
        super().__init__()
        self.known = {}

    def complete(self, request):
        prompt = request.messages[-1]["content"].partition("(")[0]
        if prompt not in self.known:
            self.known[prompt] = super().complete(request)
        return self.known[prompt]


class NeverAskedIsFree(Costs):
    """Prices the usage that its streams never ask for as nothing."""

    formats = (Silent,)

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield replace(chunk, cost=chunk.cost or 0)


class CostByName(Costs):
    """Says what it costs in a dictionary."""

    def cost_of(self, provider, usage):
        cost = super().cost_of(provider, usage)
        return None if cost is None else {"usd": float(cost)}


class NotANumber(Costs):
    def cost_of(self, provider, usage):
        return float("nan")


class CountsCacheTwice(Costs):
    """Subtracts what is cached from input that does not contain it."""

    def cost_of(self, provider, usage):
        if usage is not None and provider.name == "anthropic":
            fresh = usage.input_tokens - 2 * usage.cached_input_tokens
            usage = replace(usage, input_tokens=fresh - usage.output_tokens * 100)
        return super().cost_of(provider, usage)


class WaitsForAnybody(Costs):
    limit_s = None


class SleepsForEver(Costs):
    def complete(self, request):
        while True:
            time.sleep(3600)


class AlwaysCosts(Costs):
    """Makes up an answer, and bills it."""

    def complete(self, request):
        return Reply("Hello", cost=self.prices.cost(Usage(1, 1), provider="openai", model="gpt-4o-mini"))
