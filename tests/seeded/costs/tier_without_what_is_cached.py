"""The formula, but the tier is chosen without cached tokens.

Public bug: E17, the tier is chosen without cached tokens (https://github.com/theopenco/llmgateway/pull/1188).
"""

from __future__ import annotations

from dataclasses import replace

from formula import Handler as Formula
from formula import Rates

from llminv.contract import Usage


class Handler(Formula):
    """Looks at the uncached part alone."""

    def rates(self, row: Rates, usage: Usage) -> Rates:
        uncached = (usage.input_tokens or 0) - (usage.cached_input_tokens or 0)
        return super().rates(row, replace(usage, input_tokens=uncached))
