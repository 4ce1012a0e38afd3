"""The transports: what carries the bytes between the handler and the providers of a scenario.

A transport is made once in a process and plays one scenario at a time. The table, by the names that
`--transport` takes, stands at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Protocol

from llminv.scenario import Scenario
from llminv.simulation.clock import Time
from llminv.simulation.in_process import InProcess
from llminv.simulation.loopback.transport import Loopback
from llminv.simulation.recorder import Recorder
from llminv.simulation.sites import Setting


class Stage(Protocol):
    """A scenario that plays, as those see it who make the calls; `active` are the calls that run."""

    scenario: Scenario
    recorder: Recorder
    active: set[int]

    @property
    def clock(self) -> Time:
        """The scenario's time."""

    def begin(self, call: int) -> None:
        """A call starts."""

    def end(self, call: int) -> None:
        """A call is over."""

    def wait(self, seconds: float, why: str) -> None:
        """Block the calling thread for so long; `why` is for people."""

    def finish(self) -> None:
        """The scenario is over: connections end, and nothing more is recorded."""


class Transport(Protocol):
    """See the head of this file."""

    @property
    def setting(self) -> Setting:
        """What the handler is told, with the base URLs at which the providers are."""

    def installed(self) -> AbstractContextManager[None]:
        """Make ready, before the handler is imported; leave the process as it was."""

    def playing(self, scenario: Scenario) -> AbstractContextManager[Stage]:
        """Let `scenario` play, and nothing else reach the network."""

    def cleaning_up(self) -> AbstractContextManager[None]:
        """Let what the handler left running come to its end, while the scenario still plays."""

    def after_fork(self) -> None:
        """Be at home in a fork of the process in which the transport was installed; no scenario plays."""


IN_PROCESS = "in-process"

TRANSPORTS: Mapping[str, Callable[[Setting], Transport]] = MappingProxyType(
    {IN_PROCESS: InProcess, "loopback": Loopback}
)
