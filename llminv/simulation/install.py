"""Installing the simulation into a process, and taking it out again without a trace.

`installed()` replaces what reaches the outside world or the clock: socket creation and name lookup,
TLS and trust stores, the functions of `time`, entropy, and the event loop that asyncio makes. The
replacements ask for the current world at each use: without one they are the real thing. So the
simulation is installed once, before the handler is imported, and worlds come and go under it.

References that modules took before the installation (`from time import sleep`) are replaced too, by one
walk over the modules that are loaded.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ctypes.util
import os
import queue
import random
import select
import socket
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llminv.simulation.clock import SECOND_NS, WorldStopped
from llminv.simulation.current import current_world
from llminv.simulation.dialects.interface import EPOCH_S
from llminv.simulation.futures import number_of
from llminv.simulation.guard import guard_process
from llminv.simulation.loop import SimulatedLoop, address_info
from llminv.simulation.machine import LAST_TIMES, find_library, forget_last_times, getnode, uuid1
from llminv.simulation.readiness import (
    LOOKUP,
    SELECTOR_BASE,
    SELECTORS,
    poll_function,
    select_function,
    selector_lookup,
    selector_method,
)
from llminv.simulation.sockets import ProbeDescriptors, SimulatedSocket
from llminv.simulation.threads import (
    Scheduler,
    SimulatedLock,
    SimulatedRLock,
    set_scheduler,
    thread_methods,
)
from llminv.simulation.tls import PlainTextTls

# What `monotonic` and `perf_counter` show at the start of a scenario, in seconds.
MONOTONIC_START_S = 1_000

# Checks of libraries that look behind TLS and so must be told that there is nothing to see:
# module -> function to replace. Applied as soon as the module is loaded.
_SEAMS = {"truststore._api": "_verify_peercerts"}

# Locks that modules of the standard library made before the installation, and hold while they start a thread:
# module -> name. Whoever waits for a real lock does not hand the baton on, and nobody else runs.
_LOCKS = {"concurrent.futures.thread": "_global_shutdown_lock"}


class _Patches:
    """Attributes replaced, so that they can be put back in reverse order."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any, bool]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        own = name in vars(owner)
        self._undo.append((owner, name, getattr(owner, name), own))
        setattr(owner, name, value)

    def undo(self) -> None:
        for owner, name, value, own in reversed(self._undo):
            if own:
                setattr(owner, name, value)
            else:
                delattr(owner, name)
        self._undo.clear()


# The clocks of `clock_gettime` that tell the time, by the names that a system has for them, and where they
# start; the rest count what a process or a thread has used.
_CLOCKS = {
    "CLOCK_REALTIME": EPOCH_S,
    "CLOCK_TAI": EPOCH_S,
    "CLOCK_MONOTONIC": MONOTONIC_START_S,
    "CLOCK_MONOTONIC_RAW": MONOTONIC_START_S,
    "CLOCK_BOOTTIME": MONOTONIC_START_S,
    "CLOCK_UPTIME": MONOTONIC_START_S,
    "CLOCK_UPTIME_RAW": MONOTONIC_START_S,
}
# CLOCK_REALTIME_COARSE and CLOCK_MONOTONIC_COARSE of linux/time.h, for which `time` has no names.
_COARSE_CLOCKS = {5: EPOCH_S, 6: MONOTONIC_START_S} if sys.platform == "linux" else {}


def _clock_functions() -> dict[str, Callable[..., Any]]:
    """Return the replacements for the functions of `time`, by name."""

    def reading(real: Callable[[], Any], start_s: int, *, in_ns: bool) -> Callable[[], Any]:
        def read() -> Any:
            world = current_world()
            if world is None:
                return real()
            total_ns = start_s * SECOND_NS + world.clock.told_ns
            return total_ns if in_ns else total_ns / SECOND_NS

        return read

    starts = {getattr(time, name): start_s for name, start_s in _CLOCKS.items() if hasattr(time, name)}
    starts |= _COARSE_CLOCKS

    def reading_of(real: Callable[[int], Any], *, in_ns: bool) -> Callable[[int], Any]:
        def read_of(clock: int) -> Any:
            start_s = starts.get(clock)
            if start_s is None:
                return real(clock)
            return reading(lambda: real(clock), start_s, in_ns=in_ns)()

        return read_of

    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        world = current_world()
        if world is None:
            real_sleep(seconds)
            return
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        world.wait_until(world.clock.due_ns(seconds), "sleeping")

    return {
        "sleep": sleep,
        "clock_gettime": reading_of(time.clock_gettime, in_ns=False),
        "clock_gettime_ns": reading_of(time.clock_gettime_ns, in_ns=True),
        "time": reading(time.time, EPOCH_S, in_ns=False),
        "time_ns": reading(time.time_ns, EPOCH_S, in_ns=True),
        "monotonic": reading(time.monotonic, MONOTONIC_START_S, in_ns=False),
        "monotonic_ns": reading(time.monotonic_ns, MONOTONIC_START_S, in_ns=True),
        "perf_counter": reading(time.perf_counter, MONOTONIC_START_S, in_ns=False),
        "perf_counter_ns": reading(time.perf_counter_ns, MONOTONIC_START_S, in_ns=True),
    }


def _entropy() -> Callable[[int], bytes]:
    real_urandom = os.urandom

    def urandom(size: int) -> bytes:
        world = current_world()
        return real_urandom(size) if world is None else world.entropy.randbytes(size)

    return urandom


def _name_lookup() -> Callable[..., Any]:
    real_getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        world = current_world()
        return (
            real_getaddrinfo(host, port, *args, **kwargs)
            if world is None
            else address_info(world, host, port)
        )

    return getaddrinfo


def _threads(replace: Callable[[Any, str, Any], None], patches: _Patches, scheduler: Scheduler) -> None:
    for name in ("_allocate_lock", "Lock"):
        replace(threading, name, SimulatedLock)
    replace(threading, "RLock", SimulatedRLock)
    # The one in C blocks where nobody sees it; this is the standard library's own in Python.
    replace(queue, "SimpleQueue", getattr(queue, "_PySimpleQueue"))  # noqa: B009 - not in typeshed
    for name, method in thread_methods(scheduler).items():
        patches.set(threading.Thread, name, method)
    patches.set(threading, "excepthook", _thread_died)
    patches.set(concurrent.futures.Future, "__hash__", number_of)
    for module_name, lock in _LOCKS.items():
        if module_name in sys.modules:
            patches.set(sys.modules[module_name], lock, SimulatedLock())


def _thread_died(args: Any) -> None:
    """A thread of the handler ended with an exception: the history keeps it (args: threading's own)."""
    world = current_world()
    if world is not None and not issubclass(args.exc_type, WorldStopped):
        name = args.thread.name if args.thread else "a thread"
        world.recorder.log(f"{name} died: {args.exc_type.__name__}: {args.exc_value}")


def _readiness(replace: Callable[[Any, str, Any], None], patches: _Patches) -> None:
    replace(select, "select", select_function())
    replace(select, "poll", poll_function())
    patches.set(SELECTOR_BASE, LOOKUP, selector_lookup(getattr(SELECTOR_BASE, LOOKUP)))
    for owner in SELECTORS:
        patches.set(owner, "select", selector_method(owner.select))


def _tls(patches: _Patches) -> None:
    real_wrap_socket, real_wrap_bio = ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio

    def wrap_socket(self: ssl.SSLContext, sock: Any, *args: Any, **kwargs: Any) -> Any:
        if current_world() is not None and isinstance(sock, SimulatedSocket):
            return sock
        return real_wrap_socket(self, sock, *args, **kwargs)

    def wrap_bio(self: ssl.SSLContext, incoming: Any, outgoing: Any, *args: Any, **kwargs: Any) -> Any:
        if current_world() is None:
            return real_wrap_bio(self, incoming, outgoing, *args, **kwargs)
        return PlainTextTls(self, incoming, outgoing, kwargs.get("server_hostname"))

    patches.set(ssl.SSLContext, "wrap_socket", wrap_socket)
    patches.set(ssl.SSLContext, "wrap_bio", wrap_bio)
    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        patches.set(ssl.SSLContext, name, _only_outside(getattr(ssl.SSLContext, name)))


def _only_outside(real: Callable[..., Any]) -> Callable[..., Any]:
    def load(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
        return real(self, *args, **kwargs) if current_world() is None else None

    return load


def _replace_references(patches: _Patches, replaced: dict[int, Any]) -> None:
    """Replace references to originals (by id) in the namespaces of all loaded modules."""
    for module in list(sys.modules.values()):
        namespace = getattr(module, "__dict__", None)
        if namespace is None or getattr(module, "__name__", "").startswith("llminv."):
            continue
        for name, value in list(namespace.items()):
            substitute = replaced.get(id(value))
            if substitute is not None:
                patches.set(module, name, substitute)


def apply_seams(patches: _Patches) -> None:
    """Replace the functions of `_SEAMS` in modules that have been loaded by now."""
    for module_name, function in _SEAMS.items():
        module = sys.modules.get(module_name)
        if module is not None and not hasattr(getattr(module, function), "llminv_seam"):
            real = getattr(module, function)

            def seam(*args: Any, real: Callable[..., Any] = real, **kwargs: Any) -> Any:
                return real(*args, **kwargs) if current_world() is None else None

            vars(seam)["llminv_seam"] = True
            patches.set(module, function, seam)


@contextmanager
def installed() -> Iterator[Callable[[], None]]:
    """Install the simulation; yield a function to call before each world."""
    patches = _Patches()
    SimulatedSocket.probes = ProbeDescriptors()
    scheduler = Scheduler()
    set_scheduler(scheduler)
    policy = getattr(asyncio.events, "_get_event_loop_policy", asyncio.get_event_loop_policy)()
    replaced: dict[int, Any] = {}

    def replace(owner: Any, name: str, value: Any) -> None:
        replaced[id(getattr(owner, name))] = value
        patches.set(owner, name, value)

    try:
        for name, function in _clock_functions().items():
            replace(time, name, function)
        replace(os, "urandom", _entropy())
        patches.set(random, "_urandom", os.urandom)
        replace(socket, "getaddrinfo", _name_lookup())
        replace(socket, "socket", SimulatedSocket)
        replace(ctypes.util, "find_library", find_library)
        replace(uuid, "getnode", getnode)
        replace(uuid, "uuid1", uuid1)
        for name in LAST_TIMES:
            patches.set(uuid, name, None)
        _threads(replace, patches, scheduler)
        _readiness(replace, patches)
        _tls(patches)
        guard_process()
        patches.set(policy, "_loop_factory", SimulatedLoop)
        _replace_references(patches, replaced)

        def before_world() -> None:
            apply_seams(patches)
            forget_last_times()

        yield before_world
    finally:
        scheduler.close()
        set_scheduler(None)
        patches.undo()
        SimulatedSocket.probes.close()
