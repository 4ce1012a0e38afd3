"""The formula, but cached input is counted twice.

Public bug: E20, cached input is counted twice (https://github.com/langfuse/langfuse/issues/5568).
"""

from __future__ import annotations

from decimal import Decimal

from formula import Handler as Formula
from formula import Rates, price

from llminv.contract import Usage


class Handler(Formula):
    """Takes what is cached to stand beside the input."""

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        again = (usage.cached_input_tokens or 0) * price(rates, "input")
        return super().total(usage, rates) + again
