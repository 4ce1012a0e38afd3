"""The guard: while a scenario plays, nothing that Python code starts gets past the simulation.

In a world, an audit hook of the interpreter refuses real connections and other programs and records
which library tried. Code that never passes through Python (gRPC's C core, uvloop, clients written in
Rust) cannot be seen; `unseen_libraries` names those that the handler has imported, so that a report can
warn of them.
The loopback transport has other rules, which it hands to `watched`.
"""

from __future__ import annotations

import errno
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from llminv.simulation.current import playing_world

if TYPE_CHECKING:
    from llminv.simulation.world import World

ADVICE = "use the loopback transport for it (llminv run --transport loopback)"

# Audit events of the interpreter that reach outside, and what each of them is to a reader.
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "socket.connect": "a real connection to {1}",
        "socket.sendto": "a real datagram to {1}",
        "subprocess.Popen": "the program {0}",
        "os.system": "the program {0}",
        "os.posix_spawn": "the program {0}",
        "os.exec": "the program {0}",
    }
)

# Top-level modules whose traffic does not pass through Python's sockets.
_UNSEEN = ("grpc", "uvloop", "pycurl", "curl_cffi", "primp", "rnet", "pyreqwest", "tls_client")


class RealWorldRefusedError(ConnectionRefusedError):
    """The guard's refusal, as an error that network code knows how to handle."""

    def __init__(self, library: str, what: str) -> None:
        super().__init__(errno.ECONNREFUSED, f"llminv refused {what}, attempted by {library}; {ADVICE}")


# Is told of an audit event and its arguments (whatever the event has, hence Any), and raises to refuse it.
Watch = Callable[[str, tuple[Any, ...]], None]


class _Guard:
    installed = False
    watch: Watch | None = None


def guard_process() -> None:
    """Install the audit hook; it stays for the life of the process and does nothing outside a world."""
    if not _Guard.installed:
        _Guard.installed = True
        # It asks `uname`, a program, once, and clients put its answer into their headers.
        platform.processor()
        sys.addaudithook(_audit)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` decide on what this process does."""
    guard_process()
    _Guard.watch = watch
    try:
        yield
    finally:
        _Guard.watch = None


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _Guard.watch is not None:
        _Guard.watch(event, args)
        return
    what = _REFUSED.get(event)
    if what is None:
        return
    world = playing_world()
    if world is not None:
        refuse(world, what.format(*args, ""))


def refuse(world: World, what: str) -> NoReturn:
    """Record who tried `what`, and refuse it."""
    library = _library(sys._getframe(1))  # noqa: SLF001 - there is no other way to the caller
    world.refuse_real(library, what)
    raise RealWorldRefusedError(library, what)


def unseen_libraries() -> tuple[str, ...]:
    """Return the imported libraries whose traffic the simulation cannot see."""
    return tuple(name for name in _UNSEEN if name in sys.modules)


def _library(frame: FrameType | None) -> str:
    """Return the top-level package of the innermost frame that is neither ours nor the standard library's."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name and name != "llminv" and name not in sys.stdlib_module_names:
            # Files that are loaded by their path have a name that we gave them.
            return "the handler" if name.startswith("llminv_handler_") else name
        frame = frame.f_back
    return "the handler"
