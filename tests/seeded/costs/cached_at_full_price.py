"""The formula, but cached input is priced at the full rate.

Public bug: E22, cached input is priced at the full rate (https://github.com/pydantic/pydantic-ai/issues/5360).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from formula import Handler as Formula
from formula import Rates

from llminv.contract import Usage


class Handler(Formula):
    """Does not use the attribute."""

    def total(self, usage: Usage, rates: Rates) -> Decimal:
        return super().total(replace(usage, cached_input_tokens=None), rates)
