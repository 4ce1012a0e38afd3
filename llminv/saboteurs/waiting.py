"""How a saboteur waits: in the world's time, and no longer than its world lasts."""

from __future__ import annotations

import asyncio
import threading
import time

from llminv.simulation.clock import WorldStopped
from llminv.simulation.current import playing_world


def wait(seconds: float | None) -> None:
    """Block the calling thread for so long, or for ever.

    One that wakes up in a later world has nothing to do there and ends.
    """
    world = playing_world()
    if seconds is None:
        threading.Event().wait()
    else:
        time.sleep(seconds)
    if playing_world() is not world:
        raise WorldStopped("over", "the world of this thread has ended")


async def await_(seconds: float | None) -> None:
    """Wait for so long, or for ever, without blocking."""
    await (asyncio.get_running_loop().create_future() if seconds is None else asyncio.sleep(seconds))
