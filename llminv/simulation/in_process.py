"""The simulated world as a runner's transport: no sockets, virtual time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from llminv.scenario import Scenario
from llminv.simulation.clock import SECOND_NS
from llminv.simulation.current import set_world
from llminv.simulation.dialects.interface import EPOCH_S
from llminv.simulation.install import installed
from llminv.simulation.sites import Setting
from llminv.simulation.threads import the_scheduler
from llminv.simulation.world import World

try:
    import time_machine

    HAS_TIME_MACHINE = True
except ImportError:
    # datetime.now stays real, which only a handler that reads it can notice.
    HAS_TIME_MACHINE = False


class InProcess:
    """Everything is replaced (`llminv.simulation.transport.Transport`)."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._world: World
        self._before_world: Callable[[], None]

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Replace what reaches the outside world or the clock."""
        with installed() as self._before_world:
            yield

    @contextlib.contextmanager
    def playing(self, scenario: Scenario) -> Iterator[World]:
        """Let a world play."""
        self._world = World(self.setting, scenario)
        self._before_world()
        set_world(self._world)
        try:
            with _datetime(self._world):
                yield self._world
        finally:
            set_world(None)

    @contextlib.contextmanager
    def cleaning_up(self) -> Iterator[None]:
        """Let time go on a little, and every thread have its turn."""
        self._world.clock.grant_clean_up()
        yield
        the_scheduler().drain(self._world.clock)
        the_scheduler().rebase(self._world.clock)

    def after_fork(self) -> None:
        """Only this thread has come along."""
        the_scheduler().after_fork()


@contextlib.contextmanager
def _datetime(world: World) -> Iterator[None]:
    """Let `datetime.now` follow the world's clock, where time-machine is there."""
    if not HAS_TIME_MACHINE:
        yield
        return
    travel = time_machine.travel(EPOCH_S, tick=False)
    traveller = travel.start()
    world.clock.on_move = lambda now_ns: traveller.move_to(EPOCH_S + now_ns / SECOND_NS)
    try:
        yield
    finally:
        travel.stop()
