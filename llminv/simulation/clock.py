"""The virtual clock of a simulated world.

Time is an integer count of nanoseconds since the start of the scenario and moves only when everybody
waits. The handler's own clock may go faster or slower (`rate`): what it reads is `told_ns`, and how long
it asks to wait counts on that clock (`due_ns`); what providers do, and all events, stay on the world's.
Every wait of every front end (sockets, event loop, sleep) ends here, in `advance`. A world that cannot go
on raises `WorldStopped`, a BaseException, so that a handler's `except Exception` does not take it for a
provider's failure; it is raised again at every later wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

SECOND_NS = 1_000_000_000
# A handler that polls for ever reaches this in no real time; no sane call lasts a day.
HORIZON_S = 86_400.0
# How long cleaning up may take after the scenario is over.
CLEAN_UP_S = 60


def first_ns_at(seconds: float) -> int:
    """Return the first nanosecond whose time in seconds, as a float, is not before `seconds`.

    A loop whose clock stays one rounding error before a timer asks again for ever.
    """
    time_ns = math.ceil(seconds * SECOND_NS)
    while time_ns / SECOND_NS < seconds:
        time_ns += 1
    return time_ns


class WorldStopped(BaseException):
    """The world stopped a handler that would not have ended: `reason` is hang, horizon or flood."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Time(Protocol):
    """What the providers of a scenario know of time, be it virtual or real."""

    stopped: WorldStopped | None

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the start of the scenario."""

    @property
    def now_s(self) -> float:
        """Seconds since the start of the scenario, rounded to microseconds as histories show them."""

    def stop(self, reason: str, detail: str) -> WorldStopped:
        """Stop the scenario, for good; return what the caller is to raise."""


class Clock:
    """Virtual nanoseconds; `on_move`, where set, is told every new time that the handler reads.

    `rate` is how many seconds pass on the handler's clock while one passes in the world: a power of two,
    so that no time is rounded.
    """

    def __init__(self, horizon_s: float = HORIZON_S) -> None:
        self.now_ns = 0
        self.rate = 1.0
        self.stopped: WorldStopped | None = None
        self.on_move: Callable[[int], None] | None = None
        self._horizon_ns = int(horizon_s * SECOND_NS)

    @property
    def now_s(self) -> float:
        """Seconds since the start of the scenario, rounded to microseconds as histories show them."""
        return round(self.now_ns / SECOND_NS, 6)

    @property
    def told_ns(self) -> int:
        """Nanoseconds since the start of the scenario on the handler's clock."""
        return self.now_ns if self.rate == 1 else int(self.now_ns * self.rate)

    def due_ns(self, seconds: float) -> int:
        """Return when so many seconds have passed on the handler's clock (less than zero is zero).

        Whoever waits gets on, be it for less than a nanosecond: what is left until a moment is often no more
        than the rounding error of a clock that tells floats, and is asked for until it is gone.
        """
        at_least_ns = 1 if seconds > 0 else 0
        return self.now_ns + max(at_least_ns, round(seconds / self.rate * SECOND_NS))

    def stop(self, reason: str, detail: str) -> WorldStopped:
        """Stop the world, for good; return what the caller is to raise."""
        if self.stopped is None:
            self.stopped = WorldStopped(reason, detail)
        return self.stopped

    def grant_clean_up(self) -> None:
        """Let time pass a little longer after a stop, so that `finally` blocks can run."""
        self.stopped = None
        self._horizon_ns = self.now_ns + CLEAN_UP_S * SECOND_NS

    def advance(self, due_ns: int | None, why: str) -> None:
        """Let time pass until `due_ns`; None means for ever, which is a hang. `why` is for people."""
        if self.stopped is not None:
            raise self.stopped
        if due_ns is None:
            raise self.stop("hang", why)
        if due_ns > self._horizon_ns:
            raise self.stop("horizon", f"{why}, past {self._horizon_ns // SECOND_NS} virtual seconds")
        if due_ns > self.now_ns:
            self.now_ns = due_ns
            if self.on_move is not None:
                self.on_move(self.told_ns)
