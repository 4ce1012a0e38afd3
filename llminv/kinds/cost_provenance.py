"""cost_provenance: the cost of a reply is the price of who served it, times what that one billed.

Every provider answers with a usage of its own, after faults at those before it, whole or streamed, alone or
beside another call. The cost is that of the provider and the model that answered, and of the usage in that
answer: not of the one that was asked first, nor of another call. It is the same whole and streamed, and of
a stream the last word counts. An answer without usage does not cost nothing: its cost is not reported, or
the call ends in an error. A reply for which no provider was asked costs nothing.

What failed is billed as the policy says. `billed_as_reported`: the cost contains what a failed attempt
reported in a whole answer. A response that breaks off has made no final report, and its provider may bill for
it or not: with it any amount up to that of the whole answer is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from llminv.contract import Usage
from llminv.declaration.prices import PriceBook
from llminv.history import History, Raised, Replied, Returned
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import costs, routing
from llminv.kinds.laws.bills import MISSING, REPORTS, Bill, bills_of
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.ways import WAYS, Way
from llminv.oracles.prices.amounts import amount, said
from llminv.oracles.prices.exact import agrees, shown
from llminv.scenario import EVERY_CALL, Act, Call, Said, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.prices import DECLARED, SYNTHETIC
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "wrong_cost": "The cost is not the price of who served the reply, times what that one billed.",
    "cost_mixed": "A call reports the cost of another one.",
    "failed_attempt_unbilled": "The cost leaves out what a failed attempt reported.",
    "missing_usage_free": "A reply costs nothing although nobody reported what it used.",
    "cost_without_request": "A reply costs something although no provider was asked.",
    "cost_lost": "Made in another way, the same call reports no cost.",
    **costs.VALUE_CODES,
    **routing.STOPPED_CODES,
}

# The formats that report what was written to a cache.
_REPORTS_WRITES = frozenset({"anthropic-messages"})
DELAY_S = 1.0

_MISSING_MET = "an answer came without usage"


class CostProvenance(RoutingInvariant):
    """The YAML fields; `ways` are those in which calls are made: all, unless they are named."""

    needs_prices: ClassVar[bool] = True

    ways: Annotated[tuple[Way, ...], Field(min_length=1)] | None = None


def _ways(promise: Promise) -> tuple[str, ...]:
    if not isinstance(promise.invariant, CostProvenance):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    named = promise.invariant.ways
    return tuple(way for way in WAYS if named is None or way in named)


# What is played


def _usage(promise: Promise, provider: str, number: int) -> Usage:
    """Return a usage of `provider` that no other number has, with something in each bucket of its format."""
    writes = 5 * number if promise.providers[provider].dialect in _REPORTS_WRITES else None
    return Usage(100 * number + 17, 10 * number + 3, 20 * number, writes, number)


def _billing(scenario: Scenario, usages: dict[tuple[int, str], Usage]) -> Scenario:
    """Return the scenario in which providers report these usages, by call and provider, with every act."""
    rows = {(row.call, row.provider): row for row in scenario.acts}
    for key, usage in usages.items():
        row, said = rows.get(key, Script(*key)), Said(usage=usage)
        attempts = tuple(replace(act, said=said) for act in row.attempts)
        rows[key] = Script(*key, attempts, replace(row.then, said=said))
    return replace(scenario, acts=tuple(rows.values()))


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    reached, start = routing.reached_of(promise), routing.start_of(promise)
    bills = {(0, provider): _usage(promise, provider, n + 1) for n, provider in enumerate(reached)}
    for scenario in routing.prefixes_down(promise, operations):
        yield _billing(scenario, bills)
    for operation in operations:
        call = Call(operation, start=start)
        yield replace(_billing(Scenario((call,)), bills), prices=SYNTHETIC)
        for edge in _edges(promise, reached[0]):
            yield _billing(Scenario((call,)), {(0, reached[0]): Usage(edge, 1)})
        for fault in _retried(promise):
            yield _billing(Scenario((call,), (Script(0, reached[0], (Act(fault),)),)), bills)
        if DIALECTS[promise.providers[reached[0]].dialect].usage_optional:
            yield routing.down(call, reached[:1], MISSING)
        for provider in reached:
            cached = {(0, provider): Usage(1_000, 0, cached_input_tokens=1_000)}
            yield _billing(replace(Scenario((call,)), acts=_before(promise, provider)), cached)
        yield from _two(promise, call, replace(call, joins=True), delay_s=DELAY_S)
        yield from _two(promise, call, call)
    first, *others = (Call(operation, start=start) for operation in operations)
    for other in others:
        yield _billing(Scenario((first, other)), {(EVERY_CALL, reached[0]): bills[0, reached[0]]})


def _before(promise: Promise, provider: str) -> tuple[Script, ...]:
    """Return the scripts that bring a call to `provider`: those before it are down."""
    before = routing.reached_of(promise)[: routing.reached_of(promise).index(provider)]
    return tuple(Script(0, name, then=Act(routing.faults_of(promise)[0])) for name in before)


def _edges(promise: Promise, provider: str) -> tuple[int, ...]:
    model = promise.providers[provider].model
    return next(
        (one.edges for one in costs.priced(promise) if (one.provider, one.model) == (provider, model)), ()
    )


def _retried(promise: Promise) -> list[str]:
    names = promise.policy.retry_faults if promise.policy.retries.max else frozenset[str]()
    return [name for name in routing.faults_of(promise) if name in names][:1]


def _two(promise: Promise, one: Call, other: Call, delay_s: float = 0.0) -> Iterator[Scenario]:
    """Yield two calls that the same provider answers, each with a usage of its own, the first one later."""
    provider = routing.reached_of(promise)[0]
    usages = [_usage(promise, provider, number) for number in (1, 2)]
    acts = [Act(said=Said(usage=usage)) for usage in usages]
    rows = (Script(0, provider, then=replace(acts[0], delay_s=delay_s)), Script(1, provider, then=acts[1]))
    yield Scenario((one, other), rows)


def _reportable(promise: Promise, provider: str, usage: Usage) -> Usage:
    """Return what the format of `provider` can report of a usage."""
    writes = promise.providers[provider].dialect in _REPORTS_WRITES
    return usage if writes else replace(usage, cache_write_tokens=None)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    priced = {one.provider: one for one in costs.priced(promise)}
    reached = [provider for provider in routing.reached_of(promise) if provider in priced]

    bills = st.fixed_dictionaries(
        {
            (0, provider): costs.drawn(priced[provider]).map(partial(_reportable, promise, provider))
            for provider in reached
        }
    )
    scenarios = routing.scripts(promise, operations, failures_max=2)
    books = st.sampled_from((DECLARED, SYNTHETIC))
    return st.builds(
        lambda scenario, usages, book: replace(_billing(scenario, usages), prices=book),
        scenarios,
        bills,
        books,
    )


# What was exercised


def _required(promise: Promise) -> frozenset[str]:
    priced = {one.provider for one in costs.priced(promise)}
    labels = {_label(provider) for provider in routing.reached_of(promise) if provider in priced}
    if DIALECTS[promise.providers[routing.reached_of(promise)[0]].dialect].usage_optional:
        labels.add(_MISSING_MET)
    return frozenset(labels)


def _label(provider: str) -> str:
    return f"cost reported when {provider} served"


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = {
        _label(bill.served.provider)
        for bill in bills_of(promise, promise.prices, scenario, history)
        if bill.served is not None and bill.exact is not None and bill.returned is not None
    }
    for call in range(len(scenario.calls)):
        met = any(attempt.fault == MISSING for attempt in history.attempts(call))
        if met and isinstance(history.outcome(call), Replied | Raised):
            labels.add(_MISSING_MET)
    return frozenset(labels)


# Whether it is right


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    _, findings = costs.explained(
        promise, scenario, lambda book: _wrong(book, bills_of(promise, book, scenario, history), scenario)
    )
    for call in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _wrong(book: PriceBook, bills: list[Bill], scenario: Scenario) -> list[Finding]:
    findings: list[Finding] = []
    for bill in bills:
        others = [other for other in bills if other.call != bill.call]
        if bill.returned is None:
            findings += _lost(bill, others, scenario)
        else:
            findings += _judged(book, bill, bill.returned, others)
    return findings


def _lost(bill: Bill, others: list[Bill], scenario: Scenario) -> Iterator[Finding]:
    """Look for the same call, made in another way, that got the same answer and reports its cost."""
    call = scenario.calls[bill.call]
    for other in others:
        same = replace(scenario.calls[other.call], operation=call.operation) == call
        if same and other.returned is not None and bill.exact is not None and bill.exact == other.exact:
            way = scenario.calls[other.call].operation
            expected = f"{call.operation} reports a cost, as {way} does"
            yield Finding("cost_lost", expected, "it reports none", bill.call, bill.provider, None, bill.at_s)
            return


def _judged(book: PriceBook, bill: Bill, returned: Returned, others: list[Bill]) -> Iterator[Finding]:
    def finding(code: str, expected: str, observed: str) -> Finding:
        return Finding(code, expected, observed, bill.call, bill.provider, None, bill.at_s)

    wrong = costs.wrong_value(returned, bill.usage, finding)
    yield from wrong
    found, observed = amount(returned), f"the reply says {said(returned)}"
    if wrong or found is None:
        return
    if not bill.asked:
        if found:
            yield finding("cost_without_request", "no cost: no provider was asked", observed)
    elif bill.is_missing:
        if not found:
            expected = f"an error, or no cost: {bill.provider} did not report what it used"
            yield finding("missing_usage_free", expected, observed)
    elif bill.exact is not None and not _right(book, bill, found):
        total = bill.exact + bill.failed
        expected = f"{shown(total, book.currency)}: what {bill.provider}, which served it, billed"
        yield finding(_how(book, bill, found, others), expected, observed)


def _right(book: PriceBook, bill: Bill, found: Fraction) -> bool:
    least = (bill.exact or Fraction(0)) + bill.failed
    return agrees(book, least, found) or (
        least < found < least + bill.open or (bill.open > 0 and agrees(book, least + bill.open, found))
    )


def _how(book: PriceBook, bill: Bill, found: Fraction, others: list[Bill]) -> str:
    """Return the code that says how the cost of a call is wrong."""
    if bill.failed and bill.exact is not None and agrees(book, bill.exact, found):
        return "failed_attempt_unbilled"
    if any(other.exact is not None and agrees(book, other.exact + other.failed, found) for other in others):
        return "cost_mixed"
    return "wrong_cost"


def _describe(promise: Promise) -> str:
    chain, classes = ", ".join(routing.reached_of(promise)), ", ".join(routing.classes_of(promise))
    return (
        f"lets each of {chain} answer with a usage of its own, after {classes} at those before it, alone and "
        f"beside another call ({', '.join(_ways(promise))}), and compares the cost of the reply with what "
        "that usage costs there"
    )


def _reservations(promise: Promise) -> tuple[str, ...]:
    return (*routing.silences(promise), *costs.unpriced(promise))


def _moot(promise: Promise) -> dict[str, str]:
    moot = {}
    if not REPORTS & {*routing.faults_of(promise)}:
        moot["failed_attempt_unbilled"] = "no failure is played that reports what it used"
    if not DIALECTS[promise.providers[routing.reached_of(promise)[0]].dialect].usage_optional:
        moot["missing_usage_free"] = "the first provider always reports usage"
    return moot


KIND = Kind(
    name="cost_provenance",
    summary="The cost of a reply is the price of the provider that served it, times the usage it billed.",
    model=CostProvenance,
    operations=WAYS,
    faults=routing.faults_of,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_reservations,
    moot=_moot,
    narrowed=_ways,
)
