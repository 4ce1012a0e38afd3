"""Real time, as the providers of a scenario see it."""

from __future__ import annotations

import time

from llminv.simulation.clock import SECOND_NS, WorldStopped


class RealClock:
    """Real nanoseconds since it was made (`llminv.simulation.clock.Time`)."""

    def __init__(self) -> None:
        self.stopped: WorldStopped | None = None
        self._started_ns = time.monotonic_ns()

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the start of the scenario."""
        return time.monotonic_ns() - self._started_ns

    @property
    def now_s(self) -> float:
        """Seconds since the start of the scenario, rounded to microseconds as histories show them."""
        return round(self.now_ns / SECOND_NS, 6)

    def stop(self, reason: str, detail: str) -> WorldStopped:
        """Stop the scenario, for good; return what the caller is to raise."""
        if self.stopped is None:
            self.stopped = WorldStopped(reason, detail)
        return self.stopped
