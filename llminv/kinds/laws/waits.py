"""How a history reads as waiting: what the handler waited for in an attempt, and for how long.

Only what stands in the history without doubt is a wait: bytes that the handler took before it went on to
something else, and the moment at which it let go of a connection on which nothing came. If that is the moment
at which it went on, it may have paused before it let go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from llminv.history import Attempt, FaultReached, History, ResponseSent
from llminv.kinds.laws.pauses import backoff
from llminv.scenario import Framing, default_text
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.faults import FAULTS, Met
from llminv.simulation.framing import reframed

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise
    from llminv.kinds.laws.routing import Route

_CHUNK_SIZE = re.compile("[0-9a-f]+")


@dataclass(frozen=True)
class Wait:
    """One wait: `limit` is the field of the policy's timeouts that bounds it, `at_s` when it ended.

    So many of the `seconds` as `doubt_s` says may have been a pause.
    """

    limit: str
    seconds: float
    at_s: float
    doubt_s: float = 0.0


@dataclass(frozen=True)
class Watched:
    """An attempt with its waits in order, and the attempt that follows it."""

    attempt: Attempt
    following: Attempt | None
    waits: tuple[Wait, ...]


def watched(promise: Promise, history: History, route: Route, *, streamed: bool) -> list[Watched]:
    """Return the attempts of a route that got as far as a request.

    For a stream, the wait for the first token ends with the first word of the provider's own answer.
    """
    found = []
    for attempt, following in zip(route.attempts, (*route.attempts[1:], None), strict=False):
        if attempt.request is None:
            continue
        sent = [
            event
            for event in history.of(ResponseSent)
            if (event.call, event.provider, event.attempt)
            == (attempt.call, attempt.provider, attempt.attempt)
        ]
        went_on_s = following.started_at_s if following is not None else route.ended_at_s()
        taken = [event for event in sent if event.at_s <= went_on_s]
        provider = promise.providers.get(attempt.provider)
        pings = streamed and attempt.fault == "stall_with_pings"
        dialect = provider.dialect if provider and pings else None
        token = default_text(attempt.provider, attempt.call).split()[0] if streamed else ""
        let_go_s = _let_go_s(history, attempt, went_on_s)
        doubt_s = backoff(promise.policy, attempt.attempt).most_s if let_go_s == went_on_s else 0.0
        waits = tuple(_waits(attempt, _progress(taken, dialect), let_go_s, doubt_s, token))
        found.append(Watched(attempt, following, waits))
    return found


def _let_go_s(history: History, attempt: Attempt, went_on_s: float) -> float | None:
    """Return when the handler let go of a connection on which nothing came, None where it did not."""
    if attempt.fault is None or FAULTS[attempt.fault].met is not Met.WAITING:
        return None
    key = (attempt.call, attempt.provider, attempt.attempt)
    for event in history.of(FaultReached):
        if (event.call, event.provider, event.attempt) == key and event.at_s <= went_on_s:
            at_s: float = event.at_s
            return at_s
    return None


def _waits(
    attempt: Attempt, progress: list[ResponseSent], let_go_s: float | None, doubt_s: float, token: str
) -> Iterator[Wait]:
    begun_s = attempt.started_at_s
    text = ""
    later: list[float] = []
    for event in progress:
        text += event.text
        if later or token in text:
            later.append(event.at_s)
    ends = [event.at_s for event in progress]
    if let_go_s is not None:
        later.append(let_go_s)
        ends.append(let_go_s)
    stretches = [("idle_s", before_s, after_s) for before_s, after_s in pairwise(later)]
    if later:
        stretches.insert(0, ("first_token_s", begun_s, later[0]))
    if ends:
        stretches.append(("attempt_s", begun_s, ends[-1]))
    for limit, from_s, to_s in stretches:
        yield Wait(limit, round(to_s - from_s, 6), to_s, doubt_s if to_s == let_go_s else 0.0)


def _progress(taken: list[ResponseSent], dialect: str | None) -> list[ResponseSent]:
    """Return the bytes without those that are nothing but pings, which only a dialect to look for has."""
    ping = DIALECTS[dialect].ping if dialect is not None else None
    if ping is None:
        return taken
    lines = {
        line
        for newline in ("\n", "\r\n")
        for line in reframed([ping], Framing(), newline)[0].decode().split(newline)
    }
    return [event for event in taken if not all(_is_ping(line, lines) for line in event.text.splitlines())]


def _is_ping(line: str, lines: set[str]) -> bool:
    return line in lines or _CHUNK_SIZE.fullmatch(line) is not None
