"""Which world is playing in this process: the one fact that all patched functions ask for.

At most one world plays at a time. Threads that were there before the simulation was installed (a test
runner's, say) are not part of it and stay in the real world.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llminv.simulation.world import World


class _Current:
    world: World | None = None
    outsiders: frozenset[int] = frozenset()


def current_world() -> World | None:
    """Return the world that plays around the calling thread, or None for the real one."""
    world = _Current.world
    if world is None or threading.get_ident() in _Current.outsiders:
        return None
    return world


def set_world(world: World | None) -> None:
    """Let `world` play, or none."""
    _Current.world = world


def set_outsiders(idents: frozenset[int]) -> None:
    """Name the threads that stay in the real world."""
    _Current.outsiders = idents
