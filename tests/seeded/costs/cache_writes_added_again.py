"""The formula, but tokens written to the cache are billed twice.

Public bug: E1, tokens written to the cache are billed twice (https://github.com/BerriAI/litellm/issues/9812).
"""

from __future__ import annotations

from decimal import Decimal

from formula import Handler as Formula
from formula import Rates, price

from llminv.contract import Usage


class Handler(Formula):
    """Adds what is in the input already."""

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        again = (usage.cache_write_tokens or 0) * price(rates, "input")
        return super().total(usage, rates) + again
