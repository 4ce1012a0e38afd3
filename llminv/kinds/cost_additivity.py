"""cost_additivity: several requests cost what each of them costs, in whatever order they come.

A request is priced by itself. What was asked before changes nothing: not the same request, not another
usage, not another provider, not ten thousand requests. So the answers add up to the prices of the requests,
and never to the price of their tokens taken together, which a tier would set apart; and the same request has
the same cost the last time as the first. A cost that is read off a running total, or kept for a usage
whoever served it, fails here and nowhere else.

Answers may be off as `oracles/prices/exact.py` allows, by half a unit of the declared rounding for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from llminv.contract import Usage
from llminv.declaration.models import Invariant
from llminv.declaration.prices import PriceBook
from llminv.history import History, Returned
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import costs, routing
from llminv.oracles.prices.amounts import amount
from llminv.oracles.prices.exact import agrees, shown
from llminv.scenario import DEFAULT_USAGE, Scenario
from llminv.simulation.prices import DECLARED, SYNTHETIC
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "cost_changes": "The same request costs something else after other requests.",
    "sum_wrong": "The costs of several requests do not add up to the prices of each.",
    **costs.VALUE_CODES,
    **routing.STOPPED_CODES,
}

MANY = 10_000
CALLS_MAX = 6
TIMES = (1, 1, 2, 100)
# Less than the error of double precision in the sum of ten thousand of the large ones.
SMALL, LARGE = Usage(7, 3), Usage(999_983, 99_991)

_SEVERAL = "several requests were priced"
_AGAIN = "a request was priced again after others"
_MANY = f"{MANY} requests were priced"
_PROVIDERS = "requests to several providers were priced"


class CostAdditivity(Invariant):
    """The YAML fields."""

    needs_prices: ClassVar[bool] = True


# What is played


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    del operations
    priced = costs.priced(promise)
    for book in (DECLARED, SYNTHETIC):
        each = tuple(costs.call_of(one, SMALL) for one in priced)
        if len(each) > 1:
            yield Scenario((*each, *reversed(each)), prices=book)
        for one in priced:
            small, large = costs.call_of(one, SMALL), costs.call_of(one, LARGE)
            yield Scenario((small, large, small), prices=book)
            for tier in one.row.tiers:
                yield Scenario((costs.call_of(one, Usage(tier.above, 1), times=2),), prices=book)
    for one in priced:
        many = costs.call_of(one, LARGE, times=MANY)
        yield Scenario((costs.call_of(one, SMALL), many, costs.call_of(one, SMALL)))


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    del operations
    times = st.sampled_from(TIMES)
    calls = [
        st.builds(lambda usage, count, one=one: costs.call_of(one, usage, count), costs.drawn(one), times)
        for one in costs.priced(promise)
    ]
    drawn = st.lists(st.one_of(*calls), min_size=2, max_size=CALLS_MAX)
    books = st.sampled_from((DECLARED, SYNTHETIC))
    return st.builds(lambda asked, book: Scenario((*asked, asked[0]), prices=book), drawn, books)


# What was said


@dataclass(frozen=True)
class _Bill:
    """One call: what it asked for, how often, what was said each time, and the exact cost of each."""

    call: int
    request: tuple[str, str, Usage]
    times: int
    amounts: tuple[tuple[Fraction, int], ...]
    exact: Fraction
    at_s: float

    @property
    def provider(self) -> str:
        """Who is asked about."""
        return self.request[0]

    @property
    def whole(self) -> bool:
        """Whether every answer is a number."""
        return sum(times for _, times in self.amounts) == self.times


def _bills(promise: Promise, book: PriceBook, scenario: Scenario, history: History) -> list[_Bill]:
    """Return the calls whose cost is known, in order."""
    bills = []
    for index, call in enumerate(scenario.calls):
        returned = [event for event in history.of(Returned) if event.call == index]
        if call.operation != "cost" or not returned:
            continue
        provider, model = costs.asked(promise, call)
        usage, at_s = call.usage or DEFAULT_USAGE, returned[0].at_s
        exact = costs.exact(book, provider, model, usage, at_s)
        if exact is not None:
            numbers = [(amount(event), event.times) for event in returned]
            amounts = tuple((number, times) for number, times in numbers if number is not None)
            bills.append(_Bill(index, (provider, model, usage), call.times, amounts, exact, at_s))
    return bills


def _required(promise: Promise) -> frozenset[str]:
    labels = {_SEVERAL, _AGAIN, _MANY}
    if len({one.provider for one in costs.priced(promise)}) > 1:
        labels.add(_PROVIDERS)
    return frozenset(labels)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    bills = [bill for bill in _bills(promise, promise.prices, scenario, history) if bill.whole]
    labels = set()
    if sum(bill.times for bill in bills) > 1:
        labels.add(_SEVERAL)
    if any(bill.times >= MANY for bill in bills):
        labels.add(_MANY)
    if len({bill.provider for bill in bills}) > 1:
        labels.add(_PROVIDERS)
    requests = [bill.request for bill in bills]
    if any(request in requests[: max(0, index - 1)] for index, request in enumerate(requests)):
        labels.add(_AGAIN)
    return frozenset(labels)


# Whether it adds up


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    _, findings = costs.explained(
        promise, scenario, lambda book: _wrong(book, _bills(promise, book, scenario, history))
    )
    for event in history.of(Returned):
        call = scenario.calls[event.call]
        provider, _ = costs.asked(promise, call)

        def finding(
            code: str, expected: str, observed: str, event: Returned = event, provider: str = provider
        ) -> Finding:
            return Finding(code, expected, observed, event.call, provider, None, event.at_s)

        findings += costs.wrong_value(event, call.usage, finding)
    for index in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, index), index)
    return findings


def _wrong(book: PriceBook, bills: list[_Bill]) -> list[Finding]:
    """Return what is wrong with the numbers: one finding, as one that changes is wrong in the sum too."""
    return list(_changes(book, bills))[:1] or list(_sum(book, bills))


def _changes(book: PriceBook, bills: list[_Bill]) -> Iterator[Finding]:
    first: dict[tuple[str, str, Usage], Fraction] = {}
    for bill in bills:
        for number, _ in bill.amounts:
            before = first.setdefault(bill.request, number)
            if not agrees(book, before, number, requests=2):
                expected = f"{shown(before, book.currency)}, as the first time"
                observed = f"it is {shown(number, book.currency)}"
                yield Finding("cost_changes", expected, observed, bill.call, bill.provider, None, bill.at_s)


def _sum(book: PriceBook, bills: list[_Bill]) -> Iterator[Finding]:
    requests = sum(bill.times for bill in bills)
    if requests < 2 or not all(bill.whole for bill in bills):
        return
    exact = sum((bill.exact * bill.times for bill in bills), Fraction(0))
    found = sum((number * times for bill in bills for number, times in bill.amounts), Fraction(0))
    if not agrees(book, exact, found, requests):
        wrong = next(
            (
                bill
                for bill in bills
                if any(not agrees(book, bill.exact, number) for number, _ in bill.amounts)
            ),
            bills[-1],
        )
        expected = f"{requests} requests come to {shown(exact, book.currency)}"
        observed = f"they come to {shown(found, book.currency)}"
        yield Finding("sum_wrong", expected, observed, wrong.call, wrong.provider, None, wrong.at_s)


def _describe(promise: Promise) -> str:
    names = ", ".join(one.name for one in costs.priced(promise))
    return (
        f"asks for the costs of 2 to {CALLS_MAX + 1} usages of {names} in all orders, of some again, and of "
        f"{MANY} requests in a row, and compares their sum with the prices of each"
    )


KIND = Kind(
    name="cost_additivity",
    summary="Several requests cost the sum of what each costs: none changes the cost of another.",
    model=CostAdditivity,
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
