"""The formula, but only what is above the threshold costs more.

Public bug: E16, only what is above the threshold costs more (https://github.com/pydantic/genai-prices/issues/241).
"""

from __future__ import annotations

from decimal import Decimal

from formula import Handler as Formula
from formula import Rates, price

from llminv.contract import Usage


class Handler(Formula):
    """Takes a cliff for a slope."""

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        if "above" not in rates:
            return super().total(usage, rates)
        (row,) = (
            row for models in self.models.values() for (row,) in models.values() if rates in row["tiers"]
        )
        below = rates["above"] * (price(rates, "input") - price(row, "input"))
        return super().total(usage, rates) - below
