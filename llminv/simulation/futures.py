"""Futures and tasks whose hash is their number in a world, not their address.

Clients keep them in sets: aiohttp those that wait for one name lookup, handlers what `asyncio.wait` and
`concurrent.futures.as_completed` give them. The order of a set follows the hashes of what is in it: without
numbers, who goes on first would differ from one play of a scenario to the next.
"""

from __future__ import annotations

import asyncio
from typing import Any

from llminv.simulation.current import current_world

# Where a future of a thread pool keeps its number.
_NUMBER = "llminv_number"


def _next_number() -> int:
    """Return the next number of the world that plays; outside of one all are equal, which is slow only."""
    world = current_world()
    return 0 if world is None else next(world.numbers)


class NumberedFuture(asyncio.Future[Any]):
    """A future with a number; Any: of whatever its owner waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._number = _next_number()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class NumberedTask(asyncio.Task[Any]):
    """A task with a number; Any: of whatever its coroutine returns."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> None:
        self._number = _next_number()  # a task is put into a set while it is made
        super().__init__(coroutine, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number


def number_of(future: Any) -> int:
    """Return the number of a thread pool's future, which it gets when it first comes into a set.

    Any: the attribute is ours.
    """
    if _NUMBER not in vars(future):
        setattr(future, _NUMBER, _next_number())
    number: int = getattr(future, _NUMBER)
    return number
