"""The formula, but the price per 1k is multiplied by tokens.

Public bug: E14, the price per 1k is multiplied by tokens (https://github.com/microsoft/autogen/issues/3165).
"""

from __future__ import annotations

from decimal import Decimal

from formula import Handler as Formula
from formula import Rates

from llminv.contract import Usage


class Handler(Formula):
    """Forgets to divide."""

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        return super().total(usage, rates) * 1000
