"""The listener of a run in a terminal: progress on stderr while it runs, the report on stdout at its end.

Progress and duration appear only where stderr is a terminal; stdout gets nothing but the report, which is
a function of the audit. Give every event of the engine to an instance, inside a `with` block.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from llminv.audit.events import (
    AuditFinished,
    AuditStarted,
    InvariantFinished,
    InvariantStarted,
    ScenarioPlayed,
)
from llminv.reports import terminal_report
from llminv.reports.color import wants_color
from llminv.reports.formats import FOR_PEOPLE, FORMATS
from llminv.reports.terminal_progress import ProgressBars

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self, TextIO

    from llminv.audit.events import Audit, AuditEvent
    from llminv.evidence.bug import Bug
    from llminv.kinds.interface import Kind
    from llminv.reports.color import ColorMode

# Lines longer than this are hard to read, however wide the terminal is.
WIDTH_MAX = 120


class TerminalListener:
    """Shows an audit.

    `recorded` are the bugs of the ledger before the run; `writes` says whether the run adds to them, and
    `options` are those which it takes, beside a seed, to draw the same again. `form` is a name of FORMATS.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        kinds: Mapping[str, Kind],
        *,
        recorded: Sequence[Bug] = (),
        writes: bool = True,
        options: Sequence[str] = (),
        form: str = FOR_PEOPLE,
        color: ColorMode = "auto",
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._kinds = kinds
        self._recorded = recorded
        self._writes = writes
        self._options = options
        self._form = form
        self._color = color
        self._environ = environ
        self._clock = clock
        self._started_at_s = clock()
        self._bars: ProgressBars | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal as it was, however the run ended."""
        self._close()

    def __call__(self, event: AuditEvent) -> None:
        """Show one event of the engine."""
        match event:
            case AuditStarted() if self._stderr.isatty():
                color = wants_color(self._color, self._stderr, self._environ)
                self._bars = ProgressBars(self._stderr, event, color=color)
            case InvariantStarted() if self._bars:
                self._bars.begin(event)
            case ScenarioPlayed() if self._bars:
                self._bars.step(event)
            case InvariantFinished() if self._bars:
                self._bars.end(event)
            case AuditFinished():
                self._close()
                self._report(event)
            case _:
                pass

    def _report(self, event: AuditFinished) -> None:
        write(self._stdout, self._text(event.audit))
        if self._stderr.isatty():
            write(self._stderr, f"Finished in {self._clock() - self._started_at_s:.1f} s.\n")

    def _text(self, audit: Audit) -> str:
        if self._form != FOR_PEOPLE:
            return FORMATS[self._form](audit, self._kinds, self._recorded)
        return terminal_report.render(
            audit,
            self._kinds,
            self._recorded,
            writes=self._writes,
            options=self._options,
            width=terminal_width(self._stdout),
            color=wants_color(self._color, self._stdout, self._environ),
        )

    def _close(self) -> None:
        if self._bars is not None:
            self._bars.close()
            self._bars = None


def terminal_width(stream: TextIO) -> int:
    """Return the width of a report on `stream`: 80 where it is no terminal, so that it is always the same."""
    if not stream.isatty():
        return terminal_report.WIDTH
    return min(shutil.get_terminal_size((terminal_report.WIDTH, 25)).columns, WIDTH_MAX)


def write(stream: TextIO, text: str) -> None:
    """Write `text` to `stream` and flush; what its encoding does not know is escaped."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
