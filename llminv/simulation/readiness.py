"""Waiting until a socket is ready: `select.select`, `select.poll` and `selectors`, in virtual time.

For simulated sockets that are given as they are. A bare number does not tell which connection it stands
for; it is polled for real, as are the descriptors of others, whenever virtual time has passed. What a
simulated socket has to read is due at some time; what it has to write, it always can.
"""

from __future__ import annotations

import select
import selectors
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeGuard

from llminv.simulation.current import current_world
from llminv.simulation.sockets import SimulatedSocket
from llminv.simulation.world import World

MS_PER_S = 1_000

# Whatever has a `fileno`, or is one, hence Any.
Thing = Any
Ready = tuple[list[Thing], list[Thing], list[Thing]]


def is_simulated(thing: Thing) -> TypeGuard[SimulatedSocket]:
    """Return whether this is an open socket to a simulated provider."""
    if not isinstance(thing, SimulatedSocket) or thing.connection is None:
        return False
    return not thing.connection.closed


def wait(
    world: World, readers: Collection[SimulatedSocket], timeout_s: float | None, ready: Callable[[], bool]
) -> None:
    """Wait until something is `ready`, which may be that one of `readers` has input, or for so long."""
    limit_ns = None if timeout_s is None else world.clock.due_ns(timeout_s)
    connections = [sock.connection for sock in readers if sock.connection is not None]

    def give_up() -> None:
        for connection in connections:
            connection.give_up()

    while not ready():
        if limit_ns is not None and world.clock.now_ns >= limit_ns:
            if timeout_s:
                give_up()
            return
        times = [connection.next_due_ns() for connection in connections]
        wake = world.waker()
        for connection in connections:
            connection.on_due = wake
        try:
            due_ns = min((at_ns for at_ns in (*times, limit_ns) if at_ns is not None), default=None)
            world.wait_until(due_ns, "waiting until a socket is ready")
        except BaseException:
            give_up()
            raise
        finally:
            for connection in connections:
                connection.on_due = None


class _Parted:
    """One of the lists that `select` is given, and what in it is simulated or real."""

    def __init__(self, things: Iterable[Thing]) -> None:
        self.whole = list(things)
        self.simulated = [thing for thing in self.whole if is_simulated(thing)]
        self.real = [thing for thing in self.whole if not is_simulated(thing)]


def select_function() -> Callable[..., Ready]:
    """Return the replacement for `select.select`."""
    real_select = select.select

    def simulated_select(
        rlist: Iterable[Thing],
        wlist: Iterable[Thing],
        xlist: Iterable[Thing],
        timeout: float | None = None,
        /,
    ) -> Ready:
        world = current_world()
        reading, writing, other = _Parted(rlist), _Parted(wlist), _Parted(xlist)
        if world is None or not (reading.simulated or writing.simulated or other.simulated):
            return real_select(reading.whole, writing.whole, other.whole, timeout)
        if timeout is not None and timeout < 0:
            raise ValueError("timeout must be non-negative")

        def ready() -> Ready:
            found = real_select(reading.real, writing.real, other.real, 0)
            readable = [sock for sock in reading.simulated if sock.has_input()]
            return [*readable, *found[0]], [*writing.simulated, *found[1]], found[2]

        wait(world, reading.simulated, timeout, lambda: any(ready()))
        return ready()

    return simulated_select


class SimulatedPoll:
    """What `select.poll()` returns in a world (the names and signatures are its own)."""

    def __init__(self, real: select.poll) -> None:
        self._real = real
        self._simulated: dict[SimulatedSocket, tuple[int, int]] = {}

    def register(
        self, fd: Thing, eventmask: int = select.POLLIN | select.POLLPRI | select.POLLOUT, /
    ) -> None:
        """Look after `fd`, too."""
        if is_simulated(fd):
            self._simulated[fd] = (fd.fileno(), eventmask)
        else:
            self._real.register(fd, eventmask)

    def modify(self, fd: Thing, eventmask: int, /) -> None:
        """Look for other events of `fd`."""
        if fd in self._simulated:
            self._simulated[fd] = (self._simulated[fd][0], eventmask)
        else:
            self._real.modify(fd, eventmask)

    def unregister(self, fd: Thing, /) -> None:
        """Look after `fd` no more."""
        if fd in self._simulated:
            del self._simulated[fd]
        else:
            self._real.unregister(fd)

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """Return what is ready, as soon as something is, or after so many milliseconds."""
        world = current_world()
        if world is None or not self._simulated:
            return self._real.poll(timeout)
        readers = [sock for sock, (_, mask) in self._simulated.items() if mask & select.POLLIN]
        timeout_s = None if timeout is None or timeout < 0 else timeout / MS_PER_S
        wait(world, readers, timeout_s, lambda: bool(self._ready()))
        return self._ready()

    def _ready(self) -> list[tuple[int, int]]:
        found = self._real.poll(0)
        for sock, (number, mask) in self._simulated.items():
            ready = mask & (select.POLLOUT | (select.POLLIN if sock.has_input() else 0))
            events = ready if is_simulated(sock) else select.POLLNVAL
            if events:
                found.append((number, events))
        return found


def poll_function() -> Callable[[], select.poll | SimulatedPoll]:
    """Return the replacement for `select.poll`."""
    real_poll = select.poll

    def poll() -> select.poll | SimulatedPoll:
        return real_poll() if current_world() is None else SimulatedPoll(real_poll())

    return poll


# Of `selectors`, what a method `select` returns, and the method itself (of several classes, hence Any).
Events = list[tuple[selectors.SelectorKey, int]]
Select = Callable[[Any, float | None], Events]


def selector_method(real_select: Select) -> Select:
    """Return the replacement for the method `select` of a class of `selectors`."""

    def simulated_select(self: Any, timeout: float | None = None) -> Events:
        world = current_world()
        keys = () if world is None else getattr(self, _KEYS).values()
        simulated = [key for key in keys if is_simulated(key.fileobj)]
        if world is None or not simulated:
            return real_select(self, timeout)

        def ready() -> Events:
            # The descriptors of simulated sockets are there, too, and say nothing.
            found = [each for each in real_select(self, 0) if not is_simulated(each[0].fileobj)]
            for key in simulated:
                reads = selectors.EVENT_READ if key.fileobj.has_input() else 0
                events = key.events & (selectors.EVENT_WRITE | reads)
                if events:
                    found.append((key, events))
            return found

        readers = [key.fileobj for key in simulated if key.events & selectors.EVENT_READ]
        timeout_s = None if timeout is None else max(0, timeout)
        wait(world, readers, timeout_s, lambda: bool(ready()))
        return ready()

    return simulated_select


def selector_lookup(real_lookup: Callable[[Any, Thing], int]) -> Callable[[Any, Thing], int]:
    """Return the replacement for the method that finds a selector's descriptors: each socket has its own."""

    def lookup(self: Any, thing: Thing) -> int:
        return thing.own_fileno() if is_simulated(thing) else real_lookup(self, thing)

    return lookup


# The classes of `selectors` that there are on some system, and the base of all with its lookup.
SELECTORS = tuple(
    getattr(selectors, name)
    for name in ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")
    if hasattr(selectors, name)
)
SELECTOR_BASE = getattr(selectors, "_BaseSelectorImpl")  # noqa: B009 - not in typeshed
LOOKUP = "_fileobj_lookup"
# Where the base has its keys, by descriptor; `get_map` would look each of them up.
_KEYS = "_fd_to_key"
