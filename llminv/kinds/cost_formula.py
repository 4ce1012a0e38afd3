"""cost_formula: what the handler says that a usage costs is the price list's, to the last token.

Every bucket is priced once, at its own rate: input that is neither cached nor written to a cache, cached
input, input written to a cache, output that is not reasoning, reasoning. A request above a tier is priced at
it whole. An answer may be off by the error of double precision, and by half a unit of the declared
rounding; no usage costs exactly nothing.

A model that nobody declared has no price, which is an error, and never 0 or somebody else's price. Where
the declared prices of input and output are the same, a handler that mixes them up cannot be told, unless it
takes its prices from the World: then it is given others.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator

from llminv.contract import Usage
from llminv.declaration.fields import Choice, refusal
from llminv.declaration.models import Invariant
from llminv.declaration.prices import BUCKETS, Bucket, PriceBook
from llminv.history import History, Raised, Returned
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import costs, routing
from llminv.kinds.laws.costs import Priced
from llminv.oracles.prices.amounts import amount, said
from llminv.oracles.prices.exact import agrees, parts_of, rates_at, shown
from llminv.scenario import DEFAULT_USAGE, Call, Scenario
from llminv.simulation.prices import DECLARED, SYNTHETIC
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "wrong_cost": "The cost is not what the declared prices make of the usage.",
    **costs.VALUE_CODES,
    "no_cost": "There is no cost for a model whose price is declared.",
    "unknown_model_priced": "What a model costs that has no price is no error.",
    **routing.STOPPED_CODES,
}

# No family of model names has it: whoever knows dated or prefixed names does not know this one.
UNKNOWN_MODEL = "no-such-model"

WHOLES = ("input", "output")

_UNKNOWN_ASKED = "a model without a price was asked for"


def _with_wholes(buckets: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    for whole in WHOLES:
        if whole not in buckets:
            raise refusal(f"{whole!r} is missing: what is in other buckets is a part of it")
    return buckets


Buckets = Annotated[tuple[Annotated[Bucket, Choice()], ...], AfterValidator(_with_wholes)]


class CostFormula(Invariant):
    """The YAML fields; `buckets` are those in which the usages have tokens: all, unless they are named."""

    needs_prices: ClassVar[bool] = True

    buckets: Buckets = BUCKETS


def _buckets(promise: Promise) -> tuple[str, ...]:
    if not isinstance(promise.invariant, CostFormula):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.buckets


# What is played


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    del operations
    for one in costs.priced(promise):
        for book in (DECLARED, SYNTHETIC):
            for usage in costs.usages(one, _buckets(promise)):
                yield Scenario((costs.call_of(one, usage),), prices=book)
    yield from (Scenario((call,)) for call in _unknown(promise))


def _unknown(promise: Promise) -> list[Call]:
    return [
        Call("cost", provider=provider, model=UNKNOWN_MODEL, usage=DEFAULT_USAGE)
        for provider in promise.policy.chain
    ]


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    del operations
    calls = [
        costs.drawn(one, _buckets(promise)).map(partial(costs.call_of, one)) for one in costs.priced(promise)
    ]
    any_call = st.one_of(*calls, st.sampled_from(_unknown(promise)))
    books = st.sampled_from((DECLARED, SYNTHETIC))
    return st.builds(lambda call, book: Scenario((call,), prices=book), any_call, books)


# What was exercised


def _told(one: Priced) -> str:
    return f"output told from input by the prices of {one.name}"


def _in(bucket: str, one: Priced) -> str:
    return f"{bucket} priced for {one.name}"


def _above(above: int, one: Priced) -> str:
    return f"more than {above} input tokens priced for {one.name}"


def _required(promise: Promise) -> frozenset[str]:
    labels = {_UNKNOWN_ASKED}
    for one in costs.priced(promise):
        labels.add(_told(one))
        labels |= {_in(bucket, one) for bucket in one.row.declared() if bucket in _buckets(promise)}
        labels |= {_above(tier.above, one) for tier in one.row.tiers}
    return frozenset(labels)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    book, _ = costs.explained(promise, scenario, lambda book: list(_wrong(promise, book, scenario, history)))
    known = {(one.provider, one.model): one for one in costs.priced(promise)}
    labels: set[str] = set()
    for index, call in enumerate(scenario.calls):
        provider, model = costs.asked(promise, call)
        one, usage = known.get((provider, model)), call.usage or DEFAULT_USAGE
        outcome = history.outcome(index)
        if one is None and isinstance(outcome, Returned | Raised):
            labels.add(_UNKNOWN_ASKED)
        elif one is not None and isinstance(outcome, Returned):
            labels |= _labels(book, one, usage, outcome.at_s)
    return frozenset(labels)


def _labels(book: PriceBook, one: Priced, usage: Usage, at_s: float) -> set[str]:
    parts, rates = parts_of(usage), rates_at(book, one.provider, one.model, usage, at_s)
    if parts is None or rates is None:
        return set()
    labels = {_in(bucket, one) for bucket in rates.declared() if getattr(parts, bucket)}
    labels |= {_above(tier.above, one) for tier in one.row.tiers if (usage.input_tokens or 0) > tier.above}
    if rates.input != rates.output and parts.input != parts.output:
        labels.add(_told(one))
    return labels


# Whether it is right


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    _, findings = costs.explained(
        promise, scenario, lambda book: list(_wrong(promise, book, scenario, history))
    )
    for index in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, index), index)
    return findings


def _wrong(promise: Promise, book: PriceBook, scenario: Scenario, history: History) -> Iterator[Finding]:
    """Yield what is wrong with the answers if the handler goes by `book`."""
    for index, call in enumerate(scenario.calls):
        outcome = history.outcome(index)
        if isinstance(outcome, Returned | Raised):
            yield from _judged(promise, book, index, call, outcome)


def _judged(
    promise: Promise, book: PriceBook, index: int, call: Call, outcome: Returned | Raised
) -> Iterator[Finding]:
    provider, model = costs.asked(promise, call)
    usage = call.usage or DEFAULT_USAGE
    rates = rates_at(book, provider, model, usage, outcome.at_s)

    def finding(code: str, expected: str, observed: str) -> Finding:
        return Finding(code, expected, observed, index, provider, None, outcome.at_s)

    if rates is None:
        if isinstance(outcome, Returned):
            expected = f"an error: {model} at {provider} has no price"
            yield finding("unknown_model_priced", expected, f"it is {said(outcome)}")
        return
    exact = costs.exact(book, provider, model, usage, outcome.at_s)
    if isinstance(outcome, Raised):
        if exact is not None:
            expected = f"{shown(exact, book.currency)}: {costs.written_out(book, rates, usage)}"
            yield finding("no_cost", expected, routing.told(outcome))
        return
    wrong = costs.wrong_value(outcome, usage, finding)
    yield from wrong
    found = amount(outcome)
    if exact is not None and found is not None and not wrong and not agrees(book, exact, found):
        expected = f"{shown(exact, book.currency)}: {costs.written_out(book, rates, usage)}"
        yield finding("wrong_cost", expected, f"it is {said(outcome)}")


def _describe(promise: Promise) -> str:
    book = promise.prices
    unit = (book.unit or "").replace("_", " ")
    rows = [
        f"{one.name} {', '.join(f'{bucket} {rate}' for bucket, rate in one.row.declared().items())}"
        for one in costs.priced(promise)
    ]
    looked = f", checked {book.checked}" if book.checked else ""
    return (
        f"asks what usages cost with no, some and all tokens in {', '.join(_buckets(promise))}, at the edges "
        "of tiers and units, and works out the same by the price book, exactly. "
        f"The book, in {book.currency} {unit} tokens (source: {book.source or 'not named'}{looked}): "
        f"{'; '.join(rows)}"
    )


KIND = Kind(
    name="cost_formula",
    summary="What a usage costs is the sum of its buckets at the declared prices, exactly.",
    model=CostFormula,
    operations=("cost",),
    faults=lambda _: (),
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=costs.unpriced,
)
