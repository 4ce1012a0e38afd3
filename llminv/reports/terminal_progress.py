"""Progress of an audit on a terminal: a bar for each invariant that is played, gone when it is over.

It is drawn from the events alone, without a thread of its own: the engine may fork.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from typing import TextIO

    from rich.progress import TaskID

    from llminv.audit.events import AuditStarted, InvariantFinished, InvariantStarted, ScenarioPlayed

_INTERVAL_S = 0.1


class ProgressBars:
    """Bars on `stream`, which is a terminal; `close` takes them away, also after an interruption.

    The first one counts the invariants, each of the others the scenarios of one.
    """

    def __init__(self, stream: TextIO, event: AuditStarted, *, color: bool) -> None:
        console = Console(file=stream, force_terminal=True, no_color=not color)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            console=console,
            auto_refresh=False,
            transient=True,
        )
        self._all = self._progress.add_task("invariants", total=event.invariants)
        self._tasks: dict[str, TaskID] = {}
        self._drawn_at_s = 0.0
        self._progress.start()

    def begin(self, event: InvariantStarted) -> None:
        """Show the invariant that begins."""
        name = event.promise.invariant.id
        self._tasks[name] = self._progress.add_task(name, total=event.planned)
        self._draw(at_once=True)

    def step(self, event: ScenarioPlayed) -> None:
        """Count one scenario; one played to shrink a finding was not planned and moves nothing."""
        name = event.promise.invariant.id
        is_planned = event.phase != "shrink"
        description = name if is_planned else f"{name} (shrinking)"
        self._progress.update(self._tasks[name], advance=int(is_planned), description=description)
        self._draw()

    def end(self, event: InvariantFinished) -> None:
        """Take away the invariant that is over; nothing was shown of one that the handler does not offer."""
        task = self._tasks.pop(event.result.promise.invariant.id, None)
        if task is not None:
            self._progress.remove_task(task)
        self._progress.advance(self._all)
        self._draw(at_once=True)

    def close(self) -> None:
        """Take all bars away."""
        self._progress.stop()

    def _draw(self, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if at_once or now_s - self._drawn_at_s >= _INTERVAL_S:
            self._drawn_at_s = now_s
            self._progress.refresh()
