"""The formula, but tokens written to the cache are dropped.

Public bug: E5, tokens written to the cache are dropped (https://github.com/BerriAI/litellm/issues/33772).
"""

from __future__ import annotations

from decimal import Decimal

from formula import Handler as Formula
from formula import Rates, price

from llminv.contract import Usage


class Handler(Formula):
    """Knows the field by another name."""

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        dropped = (usage.cache_write_tokens or 0) * price(rates, "cache_write")
        return super().total(usage, rates) - dropped
