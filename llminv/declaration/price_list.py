"""The public price list in the package genai-prices: to fill in a book, and to compare one with.

The package is an extra, and is imported where it is needed. It is asked about a provider by the declared
base URL and about a fixed moment, never about now. It can be stale itself: what it says is a hint, and
what is declared stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING

from llminv.declaration.models import Contradiction, Provider
from llminv.declaration.prices import GENAI_PRICES, UNITS, PriceBook, Row, Tier
from llminv.errors import UsageError
from llminv.simulation.dialects.interface import EPOCH_S

if TYPE_CHECKING:
    from genai_prices import types

# The package's names of our buckets. Its rates are for a million tokens.
_KEYS: Mapping[str, str] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
}
UNIT = "per_1M"
CURRENCY = "USD"


@dataclass(frozen=True)
class Listed:
    """What the list says of a model: its price at a moment, for a million tokens.

    `changes` are the days after that moment on which another price begins, `by_hour` says that the price
    depends on the time of day.
    """

    row: Row
    changes: tuple[tuple[date, Row], ...]
    by_hour: bool


def listed(provider: Provider, model: str, moment: datetime) -> Listed | None:
    """Return what the list says of a model at `moment`; None where it does not know it.

    Raises UsageError where the package is not installed.
    """
    genai_prices = _package()
    try:
        _, info = genai_prices.data_snapshot.get_snapshot().find_provider_model(
            model, None, None, provider.base_url
        )
    except LookupError:
        return None
    row = _row(info.get_prices(moment))
    if row is None:
        return None
    rules = [] if isinstance(info.prices, genai_prices.types.ModelPrice) else info.prices
    starts = [
        (rule.constraint.start_date, changed)
        for rule in rules
        if isinstance(rule.constraint, genai_prices.types.StartDateConstraint)
        and rule.constraint.start_date > moment.date()
        and (changed := _row(rule.prices)) is not None
    ]
    by_hour = any(isinstance(rule.constraint, genai_prices.types.TimeOfDateConstraint) for rule in rules)
    return Listed(row, tuple(sorted(starts, key=lambda pair: pair[0])), by_hour)


def noon(day: date) -> datetime:
    """Return the moment of a day at which prices are looked up."""
    return datetime.combine(day, time(12), UTC)


def filled(book: PriceBook, providers: Mapping[str, Provider]) -> tuple[PriceBook, list[Contradiction]]:
    """Return the book with the prices that it leaves to the list, and what the list does not know.

    They are those of the moment at which every simulated world begins.
    """
    if book.source != GENAI_PRICES:
        return book, []
    unit = book.unit or UNIT
    models = {name: dict(rows) for name, rows in book.models.items()}
    missing: list[Contradiction] = []
    for name, provider in providers.items():
        if provider.model in models.get(name, {}):
            continue
        found = listed(provider, provider.model, datetime.fromtimestamp(EPOCH_S, UTC))
        if found is None:
            message = f"{source()} has no price of {provider.model!r} at {provider.base_url}"
            missing.append((("source",), f"{message}; declare it under models"))
            continue
        models.setdefault(name, {})[provider.model] = (in_unit(found.row, unit),)
    fields = {"unit": unit, "models": models, "source": source()}
    return book.model_copy(update=fields), missing


def source() -> str:
    """Return the name of the list with its version."""
    _package()
    return f"{GENAI_PRICES} {version(GENAI_PRICES)}"


def in_unit(row: Row, unit: str) -> Row:
    """Return a row of the list in another unit; moving the point is exact in decimals."""
    factor = Decimal(UNITS[unit]) / UNITS[UNIT]
    tiers = tuple(tier.model_copy(update=_times(tier.declared(), factor)) for tier in row.tiers)
    return row.model_copy(update={**_times(row.declared(), factor), "tiers": tiers})


def _times(rates: Mapping[str, Decimal], factor: Decimal) -> dict[str, Decimal]:
    return {bucket: Decimal(f"{(rate * factor).normalize():f}") for bucket, rate in rates.items()}


def _row(price: types.ModelPrice) -> Row | None:
    """Return a price as a row, None where it is not one of input tokens."""
    prices = {
        bucket: found for bucket, key in _KEYS.items() if (found := getattr(price, key, None)) is not None
    }
    if "input" not in prices:
        return None
    base = {"output": Decimal(0)} | {
        bucket: found if isinstance(found, Decimal) else found.base for bucket, found in prices.items()
    }
    stepped = {bucket: found for bucket, found in prices.items() if not isinstance(found, Decimal)}
    starts = sorted({tier.start for found in stepped.values() for tier in found.tiers})
    tiers = []
    for start in starts:
        above = {
            bucket: next((tier.price for tier in reversed(found.tiers) if tier.start <= start), found.base)
            for bucket, found in stepped.items()
        }
        tiers.append(Tier.model_validate({**base, **above, "above": start}))
    return Row.model_validate({**base, "tiers": tuple(tiers)})


def _package() -> ModuleType:
    try:
        import genai_prices
    except ModuleNotFoundError:
        raise UsageError(
            f"prices from {GENAI_PRICES} need that package, which is not installed",
            "pip install 'llminv[prices]'",
        ) from None
    return genai_prices
