"""Audits of seeded handlers in the tests of this folder: each handler's workers are opened once and kept."""

from __future__ import annotations

from forked import ForkedWorker

from llminv.audit.engine import Options, run
from llminv.kinds import KINDS


class Remembering(ForkedWorker):
    """Plays each scenario once: seeds meet each other's on the way to the minimum."""

    def __init__(self, *order):
        super().__init__(*order)
        self._histories = {}

    def play(self, scenario):
        if scenario.text not in self._histories:
            self._histories[scenario.text] = super().play(scenario)
        return self._histories[scenario.text]


class Lent:
    """A worker that stays open when who asked for it is done."""

    def __init__(self, worker):
        self._worker = worker

    def __enter__(self):
        return self

    def __exit__(self, *exit_):
        pass

    def __getattr__(self, name):
        return getattr(self._worker, name)


class Workers:
    """Two workers for each handler, one to search and one to replay.

    A handler always has the same policy. Those of `held`, which are to hold, are asked again whenever the engine
    asks: it looks at whether they are deterministic.
    """

    def __init__(self, exits, held=()):
        self._exits = exits
        self._held = held
        self._workers = {}

    def opener(self, spec):
        """Return what opens a worker for the engine: the first one asked for searches, the next replay."""
        opened = 0

        def open_worker(setting, spec, *rest):
            nonlocal opened
            role = "search" if opened == 0 else "replay"
            opened += 1
            if (spec, role) not in self._workers:
                worker = ForkedWorker if spec in self._held else Remembering
                self._workers[spec, role] = self._exits.enter_context(worker(setting, spec, *rest))
            return Lent(self._workers[spec, role])

        return open_worker

    def audit(self, spec, promises, **options):
        """Return the results of an audit of the handler at `spec`."""
        return run(promises, spec, KINDS, Options(**options), open_worker=self.opener(spec)).results
