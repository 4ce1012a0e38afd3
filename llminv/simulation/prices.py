"""The price books that a handler can be given in its World: the declared one, or one made up.

Two declared rates may be the same, and then no handler that mixes them up can be told. In the synthetic
book every bucket, tier and row has a price of its own that no sum of others makes: primes per 1,000
tokens. All else is as declared, so that a handler which reads the declared book can read this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

# A price book as a promise's setting has it: JSON, hence Any.
Book = Mapping[str, Any]

DECLARED, SYNTHETIC = "declared", "synthetic"

_PER_1K: Mapping[str, int] = MappingProxyType(
    {"cached_input": 2, "input": 3, "cache_write": 5, "output": 7, "reasoning": 11}
)
_TIER, _ROW = 13, 17
_UNIT_PER_1K: Mapping[str, int] = MappingProxyType({"per_1k": 1, "per_1M": 1_000})


def synthetic(book: Book) -> Book:
    """Return `book` with other prices, each of them told from every other."""
    unit = _UNIT_PER_1K[book.get("unit", "per_1k")]
    models = {
        provider: {
            model: [_row(row, unit * _ROW**index) for index, row in enumerate(rows)]
            for model, rows in models.items()
        }
        for provider, models in book.get("models", {}).items()
    }
    return {**book, "models": models}


def _row(row: Book, factor: int) -> Book:
    tiers = [
        _rates(tier, factor * _TIER**number) for number, tier in enumerate(row.get("tiers", ()), start=1)
    ]
    return {**_rates(row, factor), "tiers": tiers}


def _rates(rates: Book, factor: int) -> dict[str, Any]:
    prices = {bucket: str(_PER_1K[bucket] * factor) for bucket in rates if bucket in _PER_1K}
    return {**rates, **prices}


BOOKS: Mapping[str, Callable[[Book], Book]] = MappingProxyType(
    {DECLARED: lambda book: book, SYNTHETIC: synthetic}
)
