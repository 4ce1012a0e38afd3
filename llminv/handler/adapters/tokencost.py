"""tokencost alone: counts of prompts, and costs by its own price list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any

from llminv.contract import Message, Usage
from llminv.handler.adapters.installed import ensure_vocabularies


class Handler:
    """Offers count_tokens and cost."""

    def __init__(self) -> None:
        self.tokencost = import_module("tokencost")
        ensure_vocabularies()

    def count_tokens(
        self,
        said: str | Sequence[Message],
        *,
        provider: str,
        model: str,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        del provider, tools  # it takes neither
        if isinstance(said, str):
            counted: int = self.tokencost.count_string_tokens(said, model)
        else:
            counted = self.tokencost.count_message_tokens(list(said), model)
        return counted

    def cost(self, usage: Usage, *, provider: str, model: str) -> Decimal:
        del provider
        cached = usage.cached_input_tokens or 0
        buckets = (
            ((usage.input_tokens or 0) - cached, "input"),
            (usage.output_tokens or 0, "output"),
            (cached, "cached"),
        )
        costs = [
            self.tokencost.calculate_cost_by_tokens(count, model, kind) for count, kind in buckets if count
        ]
        return sum(costs, Decimal(0))
