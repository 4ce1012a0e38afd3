"""What a public price list says against a declared price book: remarks, because the list can be stale too.

Only a factor of exactly a thousand is certain: no provider has ever changed a price like that, and it is what
rates come to that were copied in another unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from llminv.declaration.models import Provider
from llminv.declaration.price_list import Listed, in_unit, noon
from llminv.declaration.prices import BUCKETS, PriceBook, Rates, Row

REMARKS: Mapping[str, str] = MappingProxyType(
    {
        "unit_slip": "a rate is a thousand times that of the list, or a thousandth: is the unit right?",
        "stale": "a rate is another one in the list",
        "missing_cache_price": "the list has a price for cached input or for writing to a cache",
        "undeclared_tier": "the list has a tier that is not declared",
        "coming_change": "the price changes soon, and no row says so",
        "time_of_day": "the price depends on the time of day",
        "not_valid": "no declared row is valid on this day",
        "unknown_model": "the list does not know the model",
    }
)
CERTAIN = frozenset({"unit_slip"})
COMING_DAYS = 90
SLIP = 1_000

# Says what the list knows of a model at a moment: `price_list.listed`.
Look = Callable[[Provider, str, datetime], Listed | None]


@dataclass(frozen=True)
class Remark:
    """One row of the comparison: `what` is a row of REMARKS; what is declared, and what is listed.

    `accepted` is whether the declared row says that it is right all the same.
    """

    provider: str
    model: str
    what: str
    declared: str
    listed: str
    accepted: bool = False


def review(book: PriceBook, providers: Mapping[str, Provider], on: date, look: Look) -> list[Remark]:
    """Return what the list, asked for the noon of a day, says against each model of the book."""
    return [
        Remark(name, model, *words, accepted=row is not None and words[0] in row.accepted)
        for name, models in book.models.items()
        for model in models
        for row in [book.row(name, model, on)]
        for words in _model(book, row, look(providers[name], model, noon(on)), on, models[model])
    ]


# What is remarked, declared and listed.
_Words = tuple[str, str, str]


def _model(
    book: PriceBook, row: Row | None, listed: Listed | None, on: date, rows: tuple[Row, ...]
) -> Iterator[_Words]:
    if row is None:
        yield "not_valid", f"nothing for {on}", ""
        return
    if listed is None:
        yield "unknown_model", _rates(row), ""
        return
    theirs = in_unit(listed.row, book.unit or "per_1M")
    yield from _compared(row, theirs)
    declared = {tier.above: tier for tier in row.tiers}
    for tier in theirs.tiers:
        if tier.above in declared:
            yield from _compared(declared[tier.above], tier, f"above {tier.above}: ")
        else:
            yield "undeclared_tier", "", f"above {tier.above}: {_rates(tier)}"
    for day, changed in listed.changes:
        if day <= on + timedelta(days=COMING_DAYS) and all(row.from_ != day for row in rows):
            yield "coming_change", "", f"from {day}: {_rates(in_unit(changed, book.unit or 'per_1M'))}"
    if listed.by_hour:
        yield "time_of_day", "", f"at noon: {_rates(theirs)}"


def _compared(ours: Rates, theirs: Rates, where: str = "") -> Iterator[_Words]:
    own, other = ours.declared(), theirs.declared()
    for bucket in BUCKETS:
        rate, listed = own.get(bucket), other.get(bucket)
        if rate is not None and listed is not None and rate != listed:
            what = "unit_slip" if _slipped(rate, listed) else "stale"
            yield what, f"{where}{bucket} {rate}", f"{where}{bucket} {listed}"
        elif rate is None and listed is not None and bucket.startswith("cache"):
            yield "missing_cache_price", "", f"{where}{bucket} {listed}"


def _slipped(rate: Decimal, listed: Decimal) -> bool:
    return 0 not in (rate, listed) and (rate == listed * SLIP or rate * SLIP == listed)


def _rates(rates: Rates) -> str:
    return ", ".join(f"{bucket} {rate}" for bucket, rate in rates.declared().items())
