"""Which world is playing in this process, and for which threads: what all replaced functions ask for.

At most one world plays at a time. The threads of a world are the playing one and those started by
threads of the world; all others (a test runner's, say) stay in the real world.
"""

from __future__ import annotations

import _thread
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llminv.simulation.world import World


class _Current:
    world: World | None = None
    threads: frozenset[int] = frozenset()
    outside: frozenset[int] = frozenset()


def current_world() -> World | None:
    """Return the world that plays around the calling thread, or None for the real one."""
    world = _Current.world
    return world if world is not None and _thread.get_ident() in _Current.threads else None


def playing_world() -> World | None:
    """Return the world that plays in this process, whichever thread asks that is not `outside`."""
    return None if _thread.get_ident() in _Current.outside else _Current.world


def set_world(world: World | None) -> None:
    """Let `world` play, or none."""
    _Current.world = world


def add_thread(ident: int) -> None:
    """Count the thread among those of the world."""
    _Current.threads |= {ident}


def remove_thread(ident: int) -> None:
    """The thread has ended, or the simulation is taken out."""
    _Current.threads -= {ident}


@contextmanager
def outside() -> Iterator[None]:
    """Let the calling thread do in the real world what is nobody's traffic, without a turn of the others."""
    ident = {_thread.get_ident()}
    mine = _Current.threads & ident
    _Current.threads -= mine
    _Current.outside |= ident
    try:
        yield
    finally:
        _Current.outside -= ident
        _Current.threads |= mine
