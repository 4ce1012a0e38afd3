"""Progress of an audit on a terminal: one bar for the invariant that is played, gone when it is over.

It is drawn from the events alone, without a thread of its own: the engine may fork.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from typing import TextIO

    from llminv.audit.events import InvariantStarted, ScenarioPlayed

_INTERVAL_S = 0.1


class ProgressBar:
    """A bar on `stream`, which is a terminal; `close` takes it away, also after an interruption."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        console = Console(file=stream, force_terminal=True, no_color=not color)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            console=console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", visible=False)
        self._name = ""
        self._drawn_at_s = 0.0
        self._progress.start()

    def begin(self, event: InvariantStarted) -> None:
        """Show the invariant that begins."""
        self._name = event.promise.invariant.id
        self._progress.reset(self._task, total=event.planned, visible=True, description=self._name)
        self._draw(at_once=True)

    def step(self, event: ScenarioPlayed) -> None:
        """Count one scenario; one played to shrink a finding was not planned and moves nothing."""
        is_planned = event.phase != "shrink"
        description = self._name if is_planned else f"{self._name} (shrinking)"
        self._progress.update(self._task, advance=int(is_planned), description=description)
        self._draw()

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _draw(self, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if at_once or now_s - self._drawn_at_s >= _INTERVAL_S:
            self._drawn_at_s = now_s
            self._progress.refresh()
