"""The price book: what each provider charges for a model, per bucket of tokens, as it is declared.

Rates are Decimals from the text of the file, never through a float; in a promise they are text again.
A rate that is absent: what is cached, or written to a cache, costs as much as other input, and
reasoning as much as other output. A tier is a cliff: above its number of input tokens, cached ones
included, the whole request is charged its rates. Dates are those of UTC, `from` included and `until`
not. What one value cannot see by itself is said by `contradictions`, because the loader has its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from llminv.declaration.fields import Choice, Count, Day, Line, Price, ProviderName, Steps
from llminv.declaration.models import Contradiction, Fields

Unit = Annotated[Literal["per_1k", "per_1M"], Choice()]
# How many tokens a rate is for.
UNITS: Mapping[str, int] = {"per_1k": 1_000, "per_1M": 1_000_000}

# In place of a source: fill in from the package of that name what is not declared.
GENAI_PRICES = "genai-prices"
Bucket = Literal["input", "output", "cached_input", "cache_write", "reasoning"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)


class Rates(Fields):
    """What a unit of tokens of each bucket costs."""

    input: Price
    output: Price
    cached_input: Price | None = None
    cache_write: Price | None = None
    reasoning: Price | None = None

    def declared(self) -> dict[str, Decimal]:
        """Return the rates that are declared, by bucket."""
        rates = {name: getattr(self, name) for name in BUCKETS}
        return {name: rate for name, rate in rates.items() if rate is not None}


class Tier(Rates):
    """The rates of requests with more input tokens than `above`."""

    above: Annotated[Count, Field(ge=1)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


# What `prices check` may say of a row that is right all the same.
Acceptable = Literal[
    "stale", "missing_cache_price", "undeclared_tier", "coming_change", "time_of_day", "unknown_model"
]


class Row(Rates):
    """What a model costs, from one day on and until another, if it has not always been so or will not.

    `accepted` are the remarks of `llminv prices check` that do not fail with --strict; no handler is told.
    """

    tiers: Annotated[tuple[Tier, ...], BeforeValidator(_as_list)] = ()
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None
    accepted: tuple[Annotated[Acceptable, Choice()], ...] = Field(default=(), exclude=True)

    def is_valid(self, day: date) -> bool:
        """Return whether the row says what a request of `day` costs."""
        return (self.from_ or date.min) <= day < (self.until or date.max)

    def of(self, input_tokens: int) -> Rates:
        """Return the rates of a request with so many input tokens in all."""
        reached = [tier for tier in self.tiers if input_tokens > tier.above]
        return reached[-1] if reached else self


class Rounding(Fields):
    """The handler rounds the cost of each request to so many decimals."""

    decimals: Annotated[Count, Field(le=15)]


Rows = Annotated[tuple[Row, ...], BeforeValidator(_as_list), Field(min_length=1)]


class PriceBook(Fields):
    """All prices. `source` says where they come from, `checked` the day on which somebody looked.

    `unit` has no default: a factor of a thousand is the commonest error. It may be missing only where
    no rate is declared.
    """

    unit: Unit | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    rounding: Rounding | None = None
    source: Line | None = None
    checked: Day | None = None
    models: dict[ProviderName, dict[Line, Rows]] = Field(default_factory=dict)

    def row(self, provider: str, model: str, day: date) -> Row | None:
        """Return what `model` costs at `provider` on `day`, None where the book does not say."""
        rows = self.models.get(provider, {}).get(model, ())
        return next((row for row in rows if row.is_valid(day)), None)

    def contradictions(self) -> list[Contradiction]:
        """Return what the book says against itself."""
        found: list[Contradiction] = []
        if self.unit is None and (self.models or self.source != GENAI_PRICES):
            found.append(((), f"the field 'unit' is missing (allowed: {', '.join(UNITS)})"))
        for steps, rows in self._rows():
            found += _overlaps(steps, rows)
            for index, row in enumerate(rows):
                found += _wrong_row((*steps, index), row)
        return found

    def warnings(self) -> list[Contradiction]:
        """Return what is allowed and hardly meant."""
        return [
            ((*place, "cached_input"), f"cached input costs {rates.cached_input}, more than input")
            for steps, rows in self._rows()
            for index, row in enumerate(rows)
            for place, rates in _all_rates((*steps, index), row)
            if rates.cached_input is not None and rates.cached_input > rates.input
        ]

    def _rows(self) -> Iterator[tuple[Steps, tuple[Row, ...]]]:
        for provider, models in self.models.items():
            for model, rows in models.items():
                yield ("models", provider, model), rows


def _all_rates(steps: Steps, row: Row) -> Iterator[tuple[Steps, Rates]]:
    yield steps, row
    yield from (((*steps, "tiers", index), tier) for index, tier in enumerate(row.tiers))


def _overlaps(steps: Steps, rows: tuple[Row, ...]) -> Iterator[Contradiction]:
    for index, row in enumerate(rows):
        for number, other in enumerate(rows[:index]):
            latest = max(row.from_ or date.min, other.from_ or date.min)
            if latest < min(row.until or date.max, other.until or date.max):
                day = f"on {latest}" if latest > date.min else "from the beginning"
                yield (*steps, index), f"two prices are valid {day}: this one and number {number + 1}"
                break


def _wrong_row(steps: Steps, row: Row) -> Iterator[Contradiction]:
    if row.from_ and row.until and row.until <= row.from_:
        yield (*steps, "until"), f"the price ends on {row.until}, before it begins on {row.from_}"
    before: Rates = row
    for index, tier in enumerate(row.tiers):
        place = (*steps, "tiers", index)
        if isinstance(before, Tier) and tier.above <= before.above:
            yield (*place, "above"), f"expected more than {before.above}, the tier before, found {tier.above}"
        lower, rates = before.declared(), tier.declared()
        for bucket in lower.keys() ^ rates.keys():
            has, lacks = ("price below it", "tier") if bucket in lower else ("tier", "price below it")
            yield place, f"the {has} has a rate of {bucket!r} and the {lacks} has none; write it in both"
        for bucket in sorted(lower.keys() & rates.keys(), key=BUCKETS.index):
            if rates[bucket] < lower[bucket]:
                message = f"the tier is cheaper than what is below it: {rates[bucket]} < {lower[bucket]}"
                yield (*place, bucket), message
        before = tier
