"""Handlers that say what a usage costs: correct ones of many builds, and each with one bug."""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from llminv.contract import Usage

BOOK = yaml.load((Path(__file__).parents[2] / "invariants" / "prices.yaml").read_text(), yaml.BaseLoader)[
    "prices"
]


class Table:
    """Its own table, per 1,000 tokens, in Decimals."""

    prices = BOOK["models"]

    def row(self, provider, model, usage):
        return self.prices[provider][model]

    def cost(self, usage, *, provider, model):
        return self.total(usage, self.rates(self.row(provider, model, usage)))

    def rates(self, row):
        put_in, put_out = Decimal(row["input"]), Decimal(row["output"])
        others = [("cached_input", put_in), ("cache_write", put_in), ("reasoning", put_out)]
        return put_in, put_out, *[Decimal(row.get(name, default)) for name, default in others]

    def total(self, usage, rates):
        cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
        thought = usage.reasoning_tokens or 0
        counts = (
            usage.input_tokens - cached - written,
            usage.output_tokens - thought,
            cached,
            written,
            thought,
        )
        return sum(count * rate for count, rate in zip(counts, rates, strict=True)) / 1000


# Correct, each in its own way


class OfTheWorld(Table):
    def __init__(self, world):
        self.prices = world.prices["models"]

    def row(self, provider, model, usage):
        (row,) = self.prices[provider][model]
        reached = [tier for tier in row["tiers"] if usage.input_tokens > tier["above"]]
        return reached[-1] if reached else row


class Floats(Table):
    def cost(self, usage, *, provider, model):
        rates = [float(rate) / 1000 for rate in self.rates(self.row(provider, model, usage))]
        return 1000 * self.total(usage, rates)


class Texts(Table):
    def cost(self, usage, **about):
        return f"{super().cost(usage, **about):f}"


class Waits(Table):
    async def cost(self, usage, **about):
        return super().cost(usage, **about)


class Remembers(OfTheWorld):
    cost = cache(OfTheWorld.cost)


class Rounds(Table):
    def cost(self, usage, **about):
        return round(super().cost(usage, **about), 4)


# One bug each


class Swaps(Table):
    def rates(self, row):
        put_in, put_out, *others = super().rates(row)
        return put_out, put_in, *others


class SwapsOfTheWorld(OfTheWorld, Swaps):
    pass


class OutputAtInputPrice(Table):
    def rates(self, row):
        put_in, _, cached, written, _ = super().rates(row)
        return put_in, put_in, cached, written, put_in


class PerToken(Table):
    def total(self, usage, rates):
        return 1000 * super().total(usage, rates)


class CachedAtFullPrice(Table):
    def rates(self, row):
        return super().rates({**row, "cached_input": row["input"]})


class TiersFromTheThreshold(OfTheWorld):
    def row(self, provider, model, usage):
        more = Usage(usage.input_tokens + 1, usage.output_tokens)
        return super().row(provider, model, more)


class Floor(Table):
    def cost(self, usage, **about):
        return max(super().cost(usage, **about), Decimal("0.000001"))


class NotANumber(Table):
    def cost(self, usage, **about):
        return float(super().cost(usage, **about)) or float("nan")


class Infinite(Table):
    def cost(self, usage, **about):
        return "Infinity"


class Nothing(Table):
    def cost(self, usage, **about):
        return super().cost(usage, **about) or None


class Refunds(Table):
    def cost(self, usage, **about):
        return -super().cost(usage, **about)


class KnowsNoCache(Table):
    def cost(self, usage, **about):
        if usage.cached_input_tokens:
            raise NotImplementedError("cached tokens")
        return super().cost(usage, **about)


class FreeIfUnknown(Table):
    def cost(self, usage, *, provider, model):
        return super().cost(usage, provider=provider, model=model) if model in self.prices[provider] else 0


class WaitsForNobody(Table):
    def cost(self, usage, **about):
        threading.Event().wait()


class WaitsForEver(Table):
    def cost(self, usage, **about):
        while True:
            time.sleep(3600)


# One bug each that shows over several requests


class RunningTotal(Floats):
    """Reads the cost off a total of all requests."""

    def __init__(self):
        self.spent = 0.0

    def cost(self, usage, **about):
        before = self.spent
        self.spent += super().cost(usage, **about)
        return self.spent - before


class WhoeverServes(Table):
    """Keeps the cost of a usage, whoever served it."""

    def __init__(self):
        self.known = {}

    def cost(self, usage, **about):
        if usage not in self.known:
            self.known[usage] = super().cost(usage, **about)
        return self.known[usage]


class Merges(OfTheWorld):
    """Looks for the tier of all tokens so far."""

    def __init__(self, world):
        super().__init__(world)
        self.seen = 0

    def row(self, provider, model, usage):
        self.seen += usage.input_tokens
        return super().row(provider, model, Usage(self.seen, usage.output_tokens))


class FirstIsFree(Table):
    """A discount that nobody declared."""

    asked = 0

    def cost(self, usage, **about):
        self.asked += 1
        return super().cost(usage, **about) if self.asked > 1 else Decimal(0)
