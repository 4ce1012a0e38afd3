"""The formula, but the price above the threshold is not found.

Public bug: E7, the price above the threshold is not found (https://github.com/BerriAI/litellm/pull/30450).
"""

from __future__ import annotations

from formula import Handler as Formula
from formula import Rates

from llminv.contract import Usage


class Handler(Formula):
    """Looks for it under a key that is not there, and takes the base price."""

    def rates(self, row: Rates, usage: Usage) -> Rates:
        return row.get(f"above_{usage.input_tokens}", row)
