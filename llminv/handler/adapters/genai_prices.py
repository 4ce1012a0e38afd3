"""genai-prices alone: costs by its own price list."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module

from llminv.contract import Usage

# The providers that it calls otherwise.
PROVIDERS = {"gemini": "google"}


class Handler:
    """Offers cost."""

    def __init__(self) -> None:
        self.genai_prices = import_module("genai_prices")

    def cost(self, usage: Usage, *, provider: str, model: str) -> Decimal:
        counted = self.genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_input_tokens,
            cache_write_tokens=usage.cache_write_tokens,
        )
        priced = self.genai_prices.calc_price(
            counted, model_ref=model, provider_id=PROVIDERS.get(provider, provider)
        )
        total: Decimal = priced.total_price
        return total
