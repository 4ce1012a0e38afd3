"""Threads in a simulated world: one runs at a time, and time passes only when all of them are blocked.

The threads of a world are its playing thread and those that they start. Each hands a baton on when it
blocks: in `sleep`, on a socket, in an idle event loop, on a lock. Everything else in `threading`, `queue`
and `concurrent.futures` blocks on locks, so locks are all that has to be replaced. The next to run is
the one that became ready first, else the one whose time comes first; so the same scenario takes the
same turns. When nobody is ready and nobody has a time, that is a hang, and the playing thread is told.

Threads outlive worlds (a pool at module level): then they stay blocked until the next world plays.
"""

from __future__ import annotations

import _thread
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llminv.simulation.clock import Clock, WorldStopped
from llminv.simulation.current import add_thread, current_world, remove_thread

if TYPE_CHECKING:
    from types import TracebackType

# Taken before anything is replaced.
_allocate_real_lock = _thread.allocate_lock
# How many turns the others get at the end of a world, at most.
DRAIN_TURNS_MAX = 1_000
# How long a blocked thread has, in real time, to end when the simulation is taken out.
END_S = 0.5


class Member:
    """A thread of the world; it waits for the baton on `gate`, and in `queue` for who wakes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gate = _allocate_real_lock()
        self.gate.acquire()
        self.due_ns: int | None = None
        self.blocked = False
        self.done = False
        self.interrupt: WorldStopped | None = None
        self.joiners: deque[Member] = deque()
        self.queue: deque[Member] | None = None


class Scheduler:
    """Hands the baton around; one for each installation of the simulation. `main` is the playing thread."""

    def __init__(self) -> None:
        self.main = Member(threading.current_thread().name)
        self._members: dict[int, Member] = {_thread.get_ident(): self.main}
        self._blocked: list[Member] = []
        self._ready: deque[Member] = deque()
        # The threads that a fork has left behind, by name.
        self._lost: list[str] = []
        add_thread(_thread.get_ident())

    def me(self) -> Member | None:
        """Return the member that the calling thread is, if it is one and a world plays."""
        return None if current_world() is None else self._members.get(_thread.get_ident())

    def wait_until(self, clock: Clock, due_ns: int | None, why: str) -> None:
        """Block the calling member until `due_ns`, or for ever, or until somebody wakes it."""
        if clock.stopped is not None:
            raise clock.stopped
        me = self._members[_thread.get_ident()]
        if not self._ready and not self._blocked:
            clock.advance(due_ns, self._told(why))
            return
        me.due_ns, me.blocked = due_ns, True
        self._blocked.append(me)
        self._hand_on(clock, me, why)

    def wait_in(self, queue: deque[Member], clock: Clock, due_ns: int | None, why: str) -> None:
        """Block the calling member like `wait_until`; it stands in `queue` meanwhile, for who wakes it."""
        me = self._members[_thread.get_ident()]
        queue.append(me)
        me.queue = queue
        try:
            self.wait_until(clock, due_ns, why)
        finally:
            queue.remove(me)
            me.queue = None

    def _told(self, why: str) -> str:
        """Return why somebody waits, for people, with what they cannot see."""
        if not self._lost:
            return why
        return f"{why}; threads do not come along into a fork: {', '.join(self._lost)}"

    def _hand_on(self, clock: Clock, me: Member, why: str) -> None:
        """Give the baton to whoever is next, and wait until it comes back."""
        chosen = self._choose(clock, why)
        if chosen is not me:
            chosen.gate.release()
            me.gate.acquire()
        if me.interrupt is not None:
            stopped, me.interrupt = me.interrupt, None
            raise stopped

    def _choose(self, clock: Clock, why: str) -> Member:
        """Return who is next, no longer blocked, and let time pass until then."""
        if self._ready:
            return self._ready.popleft()
        timed = [member for member in self._blocked if member.due_ns is not None]
        chosen = min(timed, key=lambda member: member.due_ns or 0, default=self.main)
        try:
            clock.advance(chosen.due_ns, self._told(why))
        except WorldStopped as stopped:
            # Only the playing thread can end the play.
            chosen = self.main
            chosen.interrupt = stopped
        if chosen.blocked:
            chosen.blocked = False
            self._blocked.remove(chosen)
        chosen.due_ns = None
        return chosen

    def wake(self, member: Member) -> None:
        """Let a blocked member have its turn; it finds out for itself what has changed."""
        if member.blocked:
            member.blocked = False
            self._blocked.remove(member)
            self._ready.append(member)

    # The life of threads

    def expect(self, name: str) -> Member:
        """A member starts a thread: it is ready, and runs when its turn comes."""
        member = Member(name)
        self._ready.append(member)
        return member

    def enter(self, member: Member) -> None:
        """The new thread itself: wait for the first turn."""
        member.gate.acquire()
        self._members[_thread.get_ident()] = member
        add_thread(_thread.get_ident())

    def leave(self, member: Member) -> None:
        """The thread ends: tell who joins it, and hand the baton on for good."""
        world = current_world()
        member.done = True
        for joiner in member.joiners:
            self.wake(joiner)
        del self._members[_thread.get_ident()]
        remove_thread(_thread.get_ident())
        if world is not None:
            self._choose(world.clock, "a thread has ended").gate.release()

    def join(self, clock: Clock, member: Member, timeout_s: float | None) -> bool:
        """Wait until `member` is done, or for so long; return whether it is."""
        due_ns = None if timeout_s is None else clock.due_ns(timeout_s)
        while not member.done and (due_ns is None or clock.now_ns < due_ns):
            self.wait_in(member.joiners, clock, due_ns, "joining a thread")
        return member.done

    def after_fork(self) -> None:
        """Only the forking thread is there in the new process: the others are done, and wait for nothing."""
        ident = _thread.get_ident()
        me = self._members.pop(ident)
        for member in dict.fromkeys((*self._members.values(), *self._ready)):
            member.done, member.blocked = True, False
            if member.queue is not None:
                member.queue.remove(member)
            self._lost.append(member.name)
        self._members = {ident: me}
        self._blocked.clear()
        self._ready.clear()

    # The end of a world

    def drain(self, clock: Clock) -> None:
        """Let the others run until all are blocked; called by the playing thread at the end of a world."""
        for _ in range(DRAIN_TURNS_MAX):
            if not self._ready:
                break
            self._ready.append(self.main)
            self._hand_on(clock, self.main, "the end of the world")

    def close(self) -> None:
        """The simulation is taken out: threads that are still blocked end, in real time."""
        left, self._blocked = self._blocked, []
        idents = {ident for ident, member in self._members.items() if member in left}
        for member in left:
            member.blocked = False
            member.interrupt = WorldStopped("closed", "the simulation was taken out")
            member.gate.release()
        for thread in threading.enumerate():
            if thread.ident in idents:
                thread.join(END_S)
        for ident in tuple(self._members):
            remove_thread(ident)

    def rebase(self, clock: Clock) -> None:
        """A world ends: times that blocked members still wait for count from the start of the next."""
        for member in self._blocked:
            if member.due_ns is not None:
                member.due_ns = max(0, member.due_ns - clock.now_ns)


class _Installed:
    scheduler: Scheduler | None = None


def set_scheduler(scheduler: Scheduler | None) -> None:
    """Let `scheduler` hand the baton around in this process, or nobody."""
    _Installed.scheduler = scheduler


def the_scheduler() -> Scheduler:
    """Return the scheduler of this process; the simulation must be installed."""
    if _Installed.scheduler is None:
        raise RuntimeError("the simulation is not installed")
    return _Installed.scheduler


class SimulatedLock:
    """A lock that blocks a member in its world, and anybody else for real (`threading.Lock`'s methods)."""

    def __init__(self) -> None:
        self._lock = _allocate_real_lock()
        self._waiting: deque[Member] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._lock.acquire(blocking=False):
            return True
        if not blocking:
            return False
        scheduler = _Installed.scheduler
        me = scheduler.me() if scheduler is not None else None
        world = current_world()
        if scheduler is None or me is None or world is None:
            return self._lock.acquire(True, timeout)
        due_ns = None if timeout < 0 else world.clock.due_ns(timeout)
        while not self._lock.acquire(blocking=False):
            if due_ns is not None and world.clock.now_ns >= due_ns:
                return False
            scheduler.wait_in(self._waiting, world.clock, due_ns, "waiting for a lock")
        return True

    def release(self) -> None:
        self._lock.release()
        if self._waiting and _Installed.scheduler is not None:
            _Installed.scheduler.wake(self._waiting[0])

    def locked(self) -> bool:
        return self._lock.locked()

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]  # a new lock in its place, as the interpreter does it

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SimulatedRLock:
    """A re-entrant lock on top of a SimulatedLock (`threading.RLock`'s methods)."""

    def __init__(self) -> None:
        self._block = SimulatedLock()
        self._owner: int | None = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = _thread.get_ident()
        if self._owner == me:
            self._count += 1
            return True
        if not self._block.acquire(blocking, timeout):
            return False
        self._owner, self._count = me, 1
        return True

    def release(self) -> None:
        if self._owner != _thread.get_ident():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if self._count == 0:
            self._owner = None
            self._block.release()

    def locked(self) -> bool:
        return self._block.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    # What threading.Condition asks of its lock

    def _is_owned(self) -> bool:
        return self._owner == _thread.get_ident()

    def _release_save(self) -> tuple[int, int | None]:
        state = (self._count, self._owner)
        self._count, self._owner = 0, None
        self._block.release()
        return state

    def _acquire_restore(self, state: tuple[int, int | None]) -> None:
        self._block.acquire()
        self._count, self._owner = state

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]  # as above


def thread_methods(scheduler: Scheduler) -> dict[str, Callable[..., Any]]:
    """Return the replacements for methods of `threading.Thread`, by name (their signatures, hence Any)."""
    real_start, real_join = threading.Thread.start, threading.Thread.join
    real_is_alive = threading.Thread.is_alive
    real_run: Callable[[threading.Thread], None] = getattr(threading.Thread, _BOOTSTRAP)

    def start(self: threading.Thread) -> None:
        if scheduler.me() is not None and not hasattr(self, _MEMBER):
            setattr(self, _MEMBER, scheduler.expect(self.name))
        real_start(self)

    def bootstrap(self: threading.Thread) -> None:
        member: Member | None = getattr(self, _MEMBER, None)
        if member is None:
            real_run(self)
            return
        scheduler.enter(member)
        try:
            real_run(self)
        finally:
            scheduler.leave(member)

    def join(self: threading.Thread, timeout: float | None = None) -> None:
        member: Member | None = getattr(self, _MEMBER, None)
        world = current_world()
        if member is not None and world is not None and scheduler.me() is not None:
            if scheduler.join(world.clock, member, timeout):
                real_join(self)  # it is as good as over
            return
        real_join(self, timeout)

    def is_alive(self: threading.Thread) -> bool:
        member: Member | None = getattr(self, _MEMBER, None)
        if member is not None and member.done:
            real_join(self)
        return real_is_alive(self)

    return {"start": start, _BOOTSTRAP: bootstrap, "join": join, "is_alive": is_alive}


# What a new thread runs first; private to threading, and there in 3.11 to 3.14.
_BOOTSTRAP = "_bootstrap_inner"
# The attribute of a Thread that holds its Member.
_MEMBER = "_llminv_member"
