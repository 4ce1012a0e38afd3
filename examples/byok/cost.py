"""What a request costs, by the prices that the providers publish: exact, in US dollars.

https://platform.openai.com/docs/pricing, https://www.anthropic.com/pricing,
https://api-docs.deepseek.com/quick_start/pricing and https://ai.google.dev/gemini-api/docs/pricing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llminv.contract import Usage

# A model may be named with the day of its version.
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


class UnknownCostError(LookupError):
    """Nobody can say what it costs: the model has no price here, or the usage was not reported."""


@dataclass(frozen=True)
class Price:
    """US dollars per 1,000 tokens; writing to a cache costs as much as other input unless it is said."""

    input: Decimal
    output: Decimal
    cached_input: Decimal
    cache_write: Decimal | None = None


PRICES: Mapping[tuple[str, str], Price] = {
    ("openai", "gpt-4o-mini"): Price(Decimal("0.00015"), Decimal("0.0006"), Decimal("0.000075")),
    ("anthropic", "claude-opus-4-8"): Price(
        Decimal("0.005"), Decimal("0.025"), Decimal("0.0005"), cache_write=Decimal("0.00625")
    ),
    ("deepseek", "deepseek-chat"): Price(Decimal("0.00027"), Decimal("0.0011"), Decimal("0.00007")),
    ("gemini", "gemini-2.5-flash"): Price(Decimal("0.0003"), Decimal("0.0025"), Decimal("0.00003")),
}


def cost(usage: Usage, provider: str, model: str) -> Decimal:
    """Return what a usage costs; raise UnknownCostError where that cannot be said.

    Reasoning is part of the output, and costs the same.
    """
    price = PRICES.get((provider, model)) or PRICES.get((provider, _DATED.sub("", model)))
    if price is None:
        raise UnknownCostError(f"{model} at {provider} has no price")
    if usage.input_tokens is None or usage.output_tokens is None:
        raise UnknownCostError(f"{provider} did not report what it used")
    cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    dollars = (
        (usage.input_tokens - cached - written) * price.input
        + usage.output_tokens * price.output
        + cached * price.cached_input
        + written * (price.input if price.cache_write is None else price.cache_write)
    )
    return dollars / 1000


def reply_cost(usage: Usage | None, provider: str, model: object) -> Decimal | None:
    """Return the cost of a reply, None where nobody can say: that is not 0."""
    if usage is None or not isinstance(model, str):
        return None
    try:
        return cost(usage, provider, model)
    except UnknownCostError:
        return None
