"""What the kinds about cost share: the book that a scenario is judged by, usages at edges, wrong values.

A handler that takes the World may be given the synthetic book, and one with prices of its own ignores it.
Which of the two it is, only its answers tell: one book has to explain all of a scenario, the one that
was given or the declared one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from llminv.contract import Usage
from llminv.declaration.prices import BUCKETS, PriceBook, Rates, Row
from llminv.history import Returned
from llminv.oracles.prices.amounts import amount, said
from llminv.oracles.prices.exact import cost_of, day_of, parts_of, rates_at
from llminv.scenario import Call, Scenario
from llminv.simulation.prices import BOOKS, DECLARED
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

VALUE_CODES = {
    "not_a_cost": "A cost is no finite number: it is NaN, infinity, None, other text or another type.",
    "negative_cost": "A cost is negative.",
}
# The buckets that are a part of another, and where a usage has them.
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "cached_input": "cached_input_tokens",
        "cache_write": "cache_write_tokens",
        "reasoning": "reasoning_tokens",
    }
)
# Counts at which units, cliffs and omissions show.
BOUNDARIES = (0, 1, 999, 1_000, 1_001)
TOKENS_MAX = 1_000_000


@dataclass(frozen=True)
class Priced:
    """A model with a declared price."""

    provider: str
    model: str
    row: Row

    @property
    def name(self) -> str:
        """What messages and labels call it."""
        return f"{self.provider} {self.model}"

    @property
    def edges(self) -> tuple[int, ...]:
        """The numbers of input tokens at which the price changes, and their neighbours."""
        return tuple(tier.above + step for tier in self.row.tiers for step in (-1, 0, 1))


def priced(promise: Promise) -> tuple[Priced, ...]:
    """Return the models that have a price when a simulated world begins, in the order of the book."""
    day = day_of(0.0)
    return tuple(
        Priced(provider, model, row)
        for provider, models in promise.prices.models.items()
        for model in models
        if (row := promise.prices.row(provider, model, day)) is not None
    )


def unpriced(promise: Promise) -> tuple[str, ...]:
    """Return why the promise cannot be judged whole: declared models without a price."""
    known = {(one.provider, one.model) for one in priced(promise)}
    models = {name: promise.providers[name].model for name in promise.policy.chain}
    lacking = [f"{model} at {name}" for name, model in models.items() if (name, model) not in known]
    return (f"no price for {day_of(0.0)} is declared: {', '.join(lacking)}",) if lacking else ()


# What is asked


def usages(one: Priced, buckets: Collection[str] = BUCKETS) -> Iterator[Usage]:
    """Yield usages in which one of `buckets` after the other has something; the simplest first."""
    for tokens in ((0, 1), (1, 0), (1_000, 1_000), (0, 0), (1_001, 999)):
        yield Usage(*tokens)
    whole = Usage(1_000, 1_000, 0, 0, 0)
    parts = [name for name in PARTS if name in buckets and (name != "cache_write" or one.row.cache_write)]
    for name in parts:
        yield replace(whole, **{PARTS[name]: 1_000})
        yield replace(whole, **{PARTS[name]: 1})
    yield replace(whole, **dict(zip(map(PARTS.__getitem__, parts), (300, 500, 200), strict=False)))
    for edge in one.edges:
        yield Usage(edge, 1)
        if "cached_input" in parts:
            yield Usage(edge, 1, cached_input_tokens=edge)


def drawn(one: Priced, buckets: Collection[str] = BUCKETS) -> SearchStrategy[Usage]:
    """Draw a usage at the edges of the price; of each of `buckets` that is a part, nothing, some or all."""
    from hypothesis import strategies as st

    tokens = st.one_of(st.sampled_from((*BOUNDARIES, *one.edges)), st.integers(0, TOKENS_MAX))
    some, none = st.sampled_from((0, 0, 1, 3, 10)), st.just(0)
    cached, written, reasoned = (some if name in buckets else none for name in PARTS)
    if one.row.cache_write is None:
        written = none

    def made(counts: tuple[int, int], cached: int, written: int, reasoned: int) -> Usage:
        put_in, put_out = counts
        read = put_in * cached // 10
        return Usage(put_in, put_out, read, (put_in - read) * written // 10, put_out * reasoned // 10)

    return st.builds(made, st.tuples(tokens, tokens), cached, written, reasoned)


def call_of(one: Priced, usage: Usage, times: int = 1) -> Call:
    """Return the call that asks for a cost."""
    return Call("cost", provider=one.provider, model=one.model, usage=usage, times=times)


def asked(promise: Promise, call: Call) -> tuple[str, str]:
    """Return the provider and the model that a call of `cost` asks about."""
    provider = call.provider or promise.policy.chain[0]
    return provider, call.model or promise.providers[provider].model


# What it should be


def explained(
    promise: Promise, scenario: Scenario, judge: Callable[[PriceBook], list[Finding]]
) -> tuple[PriceBook, list[Finding]]:
    """Return the book that explains the most of what happened, and what it does not explain."""
    books = {name: _book(promise, name) for name in (scenario.prices, DECLARED)}
    judged = [(book, judge(book)) for book in books.values()]
    return min(judged, key=lambda pair: len(pair[1]))


def _book(promise: Promise, name: str) -> PriceBook:
    if name == DECLARED:
        return promise.prices
    plain = promise.prices.model_dump(mode="json", exclude_none=True)
    return PriceBook.model_validate(BOOKS[name](plain))


def exact(book: PriceBook, provider: str, model: str, usage: Usage, at_s: float) -> Fraction | None:
    """Return what a request costs by `book`, None where that cannot be said."""
    rates = rates_at(book, provider, model, usage, at_s)
    return None if rates is None else cost_of(book, rates, usage)


def wrong_value(
    returned: Returned, usage: Usage | None, finding: Callable[[str, str, str], Finding]
) -> list[Finding]:
    """Return what is wrong with a value in itself; `finding` takes code, expected and observed.

    What comes of a `usage` that contradicts itself may be anything.
    """
    found = amount(returned)
    if found is None:
        return [finding("not_a_cost", "the cost is a finite number", f"it is {said(returned)}")]
    if found < 0 and (usage is None or parts_of(usage) is not None):
        return [finding("negative_cost", "the cost is not negative", f"it is {said(returned)}")]
    return []


def written_out(book: PriceBook, rates: Rates, usage: Usage) -> str:
    """Return the sum as a reader would write it: tokens of each bucket at their price."""
    counts = {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached_input": usage.cached_input_tokens,
        "cache_write": usage.cache_write_tokens,
        "reasoning": usage.reasoning_tokens,
    }
    used = ", ".join(f"{bucket} {count}" for bucket, count in counts.items() if count)
    prices = ", ".join(f"{bucket} {rate}" for bucket, rate in rates.declared().items())
    unit = (book.unit or "").replace("_", " ")
    return f"{used or 'no tokens'} at {prices} {unit}"
