"""The exact cost of a request, from usage, rates, tiers and dates; and how far from it a handler may be.

Usage is read as `contract.Usage` says: what is cached or written to a cache is part of the input, what is
reasoned part of the output. Every token is in one bucket and is paid for once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from llminv.contract import Usage
from llminv.declaration.prices import UNITS, PriceBook, Rates
from llminv.simulation.dialects.interface import EPOCH_S

# Of double precision, a sum of products as here is never further off than 4e-16 of it: measured.
SHARE_MAX = Fraction(1, 10**12)


@dataclass(frozen=True)
class Parts:
    """The tokens of a request by the bucket that they are paid in; they add up to all of them."""

    input: int
    output: int
    cached_input: int
    cache_write: int
    reasoning: int


def parts_of(usage: Usage) -> Parts | None:
    """Return the parts of a usage; None where a whole is not reported, or a part of it exceeds it."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    reasoning = usage.reasoning_tokens or 0
    parts = Parts(
        usage.input_tokens - cached - written, usage.output_tokens - reasoning, cached, written, reasoning
    )
    fits = min(parts.input, parts.output, cached, written, reasoning) >= 0
    return parts if fits else None


def rates_at(book: PriceBook, provider: str, model: str, usage: Usage, at_s: float) -> Rates | None:
    """Return what a request costs by the token, at a virtual second; None where the book does not say."""
    row = book.row(provider, model, day_of(at_s))
    return None if row is None else row.of(usage.input_tokens or 0)


def cost_of(book: PriceBook, rates: Rates, usage: Usage) -> Fraction | None:
    """Return the exact cost, None for a usage that has none."""
    parts = parts_of(usage)
    if parts is None or book.unit is None:
        return None
    cached, written = rates.cached_input, rates.cache_write
    paid = (
        (parts.input, rates.input),
        (parts.output, rates.output),
        (parts.cached_input, rates.input if cached is None else cached),
        (parts.cache_write, rates.input if written is None else written),
        (parts.reasoning, rates.output if rates.reasoning is None else rates.reasoning),
    )
    return sum((tokens * Fraction(rate) for tokens, rate in paid), Fraction(0)) / UNITS[book.unit]


def agrees(book: PriceBook, exact: Fraction, amount: Fraction, requests: int = 1) -> bool:
    """Return whether a handler that rounds as declared can come to `amount` over so many requests.

    Nothing costs exactly nothing. There is no other fixed allowance: an absolute one would hide a token.
    """
    half = Fraction(0)
    if book.rounding is not None and exact:
        half = Fraction(1, 2 * 10**book.rounding.decimals) * requests
    return abs(amount - exact) <= SHARE_MAX * abs(exact) + half


def day_of(at_s: float) -> date:
    """Return the day, in UTC, of a virtual second."""
    return datetime.fromtimestamp(EPOCH_S + at_s, UTC).date()


def shown(amount: Fraction, currency: str) -> str:
    """Return an amount as a message shows it, exactly where that is short."""
    digits = Decimal(amount.numerator) / Decimal(amount.denominator)
    return f"{digits.normalize():f} {currency}"
