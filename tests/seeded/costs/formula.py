"""What a usage costs by the price book of the World: no bug in it, but what those beside it have one of."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from llminv.contract import Usage, World

# A row of the price book is JSON, hence Any.
Rates = Mapping[str, Any]


class Handler:
    """Prices each token in one bucket; reasoning is a part of the output."""

    def __init__(self, world: World) -> None:
        self.models = world.prices["models"]

    def cost(self, usage: Usage, *, provider: str, model: str) -> Decimal:
        """Return the cost; raise LookupError for a model that has no price."""
        (row,) = self.models[provider][model]
        return self.total(usage, self.rates(row, usage)) / 1000

    def rates(self, row: Rates, usage: Usage) -> Rates:
        """Return the rates of the tier that the request is in."""
        return next(
            (tier for tier in reversed(row["tiers"]) if (usage.input_tokens or 0) > tier["above"]), row
        )

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        """Return what the tokens cost, times 1,000."""
        cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
        plain = (usage.input_tokens or 0) - cached - written
        return (
            plain * price(rates, "input")
            + (usage.output_tokens or 0) * price(rates, "output")
            + cached * price(rates, "cached_input")
            + written * price(rates, "cache_write")
        )


def price(rates: Rates, bucket: str) -> Decimal:
    """Return the price of a bucket: that of other input where it has none."""
    return Decimal(rates.get(bucket, rates["input"]))
