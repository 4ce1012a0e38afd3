"""A worker in the process of the tests, for handlers that keep nothing and that do not end it."""

from __future__ import annotations

import gc
import warnings
from contextlib import ExitStack

from llminv.runner import Runner
from llminv.saboteurs import SABOTEURS


class LocalWorker:
    """What the engine asks of a Worker. Use as a context manager.

    What a handler, or what was planted in it, leaves open is no concern of a test: it is dropped unclosed in here.
    """

    def __init__(self, setting, spec, *_, **options):
        self._runner = Runner(setting, spec)
        self._setting = setting
        self._exits = ExitStack()

    def __enter__(self):
        with ExitStack() as exits:
            exits.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            exits.callback(gc.collect)
            self.offers = exits.enter_context(self._runner).offers
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *exit_):
        self._exits.close()

    def play(self, scenario):
        return self._runner.play(scenario)

    def play_sabotaged(self, scenario, saboteur):
        plant = SABOTEURS[saboteur].plant(self._setting)
        return self._runner.play(scenario, plant), plant.acted
