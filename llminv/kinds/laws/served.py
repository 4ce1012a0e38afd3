"""What the kinds that look closely at answers share: which answer a caller got, and pairs of calls.

A pair is the same call twice, made in the same way to the same provider: the first answer is the plainest
one, the second is what is looked at. That tells a field that gets lost from one that the handler does not
report at all: what it reports of one answer, it can report of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llminv.history import Attempt, ChunkReceived, History, Raised, Replied, RequestReceived
from llminv.kinds.laws import routing
from llminv.kinds.laws.reaching import on_the_way
from llminv.scenario import EVERY_CALL, Act, Call, Said, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Dialect, ParsedRequest
from llminv.simulation.http import HttpRequest

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.contract import Chunk, Reply
    from llminv.declaration.promise import Promise

HTTP_OK = 200


# What is played


def pair(call: Call, provider: str, plain: Act, act: Act, before: Sequence[Script]) -> Scenario:
    """Return a pair of calls: `before` brings both to `provider`, which does `plain` and then `act`."""
    rows = [replace(row, call=EVERY_CALL) for row in before]
    acts = [Script(number, provider, then=one) for number, one in enumerate((plain, act)) if one != Act()]
    return Scenario((call, call), (*rows, *acts))


def ways_there(promise: Promise, provider: str) -> SearchStrategy[tuple[Script, ...]]:
    """Draw how calls get to `provider`: one of those before it fails with some declared fault."""
    from hypothesis import strategies as st

    before = on_the_way(promise, provider)
    names = [name for name in routing.faults_of(promise) if promise.policy.stance(name) == "fallback"]
    if not (before and names):
        return st.just(before)

    def one(place: int, fault: str) -> tuple[Script, ...]:
        return (*before[:place], replace(before[place], then=Act(fault)), *before[place + 1 :])

    drawn = st.builds(one, st.integers(0, len(before) - 1), st.sampled_from(names))
    return st.one_of(st.just(before), drawn)


# What the caller got


@dataclass(frozen=True)
class Served:
    """The answer that the caller of a call got: whose it was, what was asked and what the provider did."""

    call: int
    operation: str
    attempt: Attempt
    dialect: Dialect
    asked: ParsedRequest
    act: Act
    parts: tuple[Reply | Chunk, ...]
    at_s: float

    @property
    def provider(self) -> str:
        """Who served the call."""
        return self.attempt.provider

    @property
    def said(self) -> Said:
        """What the provider said, where it is not what the simulation says by itself."""
        return self.act.said or Said()

    @property
    def same(self) -> tuple[str, str]:
        """What two answers have in common where what is reported of one can be reported of the other."""
        return (self.operation, self.provider)

    @property
    def finish_reason(self) -> str | None:
        """The last finish reason that the caller was told."""
        return next((part.finish_reason for part in reversed(self.parts) if part.finish_reason), None)


def all_served(promise: Promise, scenario: Scenario, history: History) -> list[Served]:
    """Return the answers that callers got, of the calls for which it is plain whose answer that was."""
    calls = (served(promise, scenario, history, call) for call in range(len(scenario.calls)))
    return [one for one in calls if one is not None]


def served(promise: Promise, scenario: Scenario, history: History, call: int) -> Served | None:
    """Return the answer that the caller of `call` got: the one there was, if exactly one was given."""
    outcome, given = history.outcome(call), answered(history, call)
    if not isinstance(outcome, Replied) or len(given) != 1:
        return None
    return _served(promise, scenario, history, given[0], outcome)


def passed_over(promise: Promise, scenario: Scenario, history: History) -> Iterator[tuple[Served, str]]:
    """Yield the whole answers in whose place callers got an error or another provider's answer, and that.

    A call whose time was up is none of them.
    """
    for call in range(len(scenario.calls)):
        outcome, given = history.outcome(call), answered(history, call)
        if not given or not isinstance(outcome, Raised | Replied):
            continue
        if outcome.at_s - routing.started_s(history, call) >= promise.policy.timeouts.total_s:
            continue
        one = _served(promise, scenario, history, given[0], outcome)
        if one is not None and isinstance(outcome, Raised):
            yield one, routing.told(outcome)
        elif one is not None and given[-1].provider != one.provider:
            yield one, f"the answer of {given[-1].provider}"


def _served(
    promise: Promise, scenario: Scenario, history: History, attempt: Attempt, outcome: Replied | Raised
) -> Served | None:
    """Return the answer to an attempt with what the caller of it got, None where it is not known."""
    if attempt.provider not in promise.providers or attempt.request is None:
        return None
    dialect = promise.providers[attempt.provider].dialect
    asked = parsed(dialect, attempt.request)
    if asked is None:
        return None
    call = attempt.call
    chunks = (event.chunk for event in history.of(ChunkReceived) if event.call == call)
    reply = outcome.reply if isinstance(outcome, Replied) else None
    parts = tuple(chunks) if reply is None else (reply,)
    act = scenario.script(call, attempt.provider).act(attempt.attempt)
    operation = scenario.calls[call].operation
    return Served(call, operation, attempt, DIALECTS[dialect], asked, act, parts, outcome.at_s)


def answered(history: History, call: int) -> list[Attempt]:
    """Return the attempts of `call` that were answered whole."""
    return [each for each in history.attempts(call) if routing.answers(each) and each.status == HTTP_OK]


def parsed(dialect: str, request: RequestReceived) -> ParsedRequest | None:
    """Return what a request says in a format, None where its route is none of that format."""
    parts = urlsplit(request.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = request.body.encode("utf-8", "surrogatepass")
    return DIALECTS[dialect].parse(HttpRequest(request.method, target, request.headers, body))
