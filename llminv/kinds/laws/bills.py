"""What calls were billed: who served each, what that comes to by a book, and what the caller was told."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from llminv.contract import Usage
from llminv.declaration.prices import PriceBook
from llminv.history import Attempt, ChunkReceived, History, Replied, RequestReceived, Returned
from llminv.kinds.laws import costs, routing
from llminv.kinds.laws.served import HTTP_OK, parsed
from llminv.oracles.prices.amounts import reported
from llminv.scenario import DEFAULT_USAGE, Scenario
from llminv.simulation.dialects.interface import ParsedRequest
from llminv.simulation.faults import FAULTS

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

MISSING = "usage_missing"
# The one fault that leaves a whole answer with its usage, and no answer in it.
REPORTS = frozenset({"no_choices"})
# Faults that change the figures of a whole answer.
_CHANGES = frozenset({MISSING, "usage_wrong"})


@dataclass(frozen=True)
class Bill:
    """One call that replied: what it reports, who served it, and what that and what failed comes to.

    `exact` is the price of the answer, None where it cannot be known; `failed` that of failed attempts
    with a whole report, `open` what those without one may have been billed at most. `usage` is what the
    scenario has the answer say; `is_missing` that it says nothing of what it used, which was not for free:
    its provider leaves it out, or nobody asked for it.
    """

    call: int
    returned: Returned | None
    served: Attempt | None
    usage: Usage | None
    asked: bool
    is_missing: bool
    exact: Fraction | None
    failed: Fraction
    open: Fraction
    at_s: float

    @property
    def provider(self) -> str | None:
        """Who served the call."""
        return self.served.provider if self.served is not None else None


def bills_of(promise: Promise, book: PriceBook, scenario: Scenario, history: History) -> list[Bill]:
    """Return the bills of the calls that replied, by the prices of `book`."""
    bills = []
    for call in range(len(scenario.calls)):
        outcome = history.outcome(call)
        if not isinstance(outcome, Replied):
            continue
        attempts = history.attempts(call)
        answered = [one for one in attempts if routing.answers(one) and one.status == HTTP_OK]
        served = answered[0] if len(answered) == 1 else None
        seen = served is not None and _reports_usage(promise, served)
        failed, open_ = _failed(promise, book, scenario, attempts)
        bills.append(
            Bill(
                call,
                _cost_told(history, outcome),
                served,
                _usage(scenario, served) if served is not None else None,
                any(event.call in (call, -1) for event in history.of(RequestReceived)),
                served is not None
                and (served.fault == MISSING or _is_unasked(promise, served))
                and bool(_price(promise, book, scenario, served)),
                _price(promise, book, scenario, served) if served is not None and seen else None,
                failed,
                open_,
                outcome.at_s,
            )
        )
    return bills


def _cost_told(history: History, outcome: Replied) -> Returned | None:
    """Return the cost that the caller was told: of a stream, the last word on it."""
    chunks = [event.chunk for event in history.of(ChunkReceived) if event.call == outcome.call]
    parts = chunks if outcome.reply is None else [outcome.reply]
    told = [part.cost for part in parts if part.cost is not None]
    return reported(told[-1]) if told else None


def _reports_usage(promise: Promise, served: Attempt) -> bool:
    """Return whether the answer says what it used: some streams do so only when they are asked to."""
    if served.fault in _CHANGES:
        return False
    request = _request(promise, served)
    return request is not None and (request.operation != "stream" or request.stream_usage)


def _is_unasked(promise: Promise, served: Attempt) -> bool:
    """Return whether the answer is a stream that says nothing of what it used, because nobody asked it to."""
    request = _request(promise, served)
    return request is not None and request.operation == "stream" and not request.stream_usage


def _request(promise: Promise, attempt: Attempt) -> ParsedRequest | None:
    """Return what a provider of the chain was asked, None where that cannot be read."""
    if attempt.request is None or attempt.provider not in promise.providers:
        return None
    return parsed(promise.providers[attempt.provider].dialect, attempt.request)


def _price(promise: Promise, book: PriceBook, scenario: Scenario, attempt: Attempt) -> Fraction | None:
    """Return the price of what the provider billed for an attempt; None where no price is declared."""
    if attempt.provider not in promise.providers or attempt.request is None:
        return None
    model = attempt.request.model or promise.providers[attempt.provider].model
    return costs.exact(book, attempt.provider, model, _usage(scenario, attempt), attempt.started_at_s)


def _usage(scenario: Scenario, attempt: Attempt) -> Usage:
    act = scenario.script(attempt.call, attempt.provider).act(attempt.attempt)
    return act.said.usage if act.said is not None and act.said.usage is not None else DEFAULT_USAGE


def _failed(
    promise: Promise, book: PriceBook, scenario: Scenario, attempts: list[Attempt]
) -> tuple[Fraction, Fraction]:
    """Return what failed attempts cost by their whole reports, and at most by reports that broke off."""
    whole = broken = Fraction(0)
    for attempt in attempts:
        if attempt.fault is None or routing.answers(attempt) or not FAULTS[attempt.fault].worked:
            continue
        price = _price(promise, book, scenario, attempt) or Fraction(0)
        if attempt.fault in REPORTS and _reports_usage(promise, attempt):
            whole += price
        elif (request := _request(promise, attempt)) is not None and request.operation == "stream":
            broken += price
    return whole, broken
