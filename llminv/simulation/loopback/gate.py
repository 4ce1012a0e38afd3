"""A port that belongs to one provider and can be open, closed or deaf.

The port is reserved by a socket that is bound and never listens, so that nobody else gets it while it is
closed. Closed, the system refuses connections to it. Deaf, there is a listener whose queue is full and who
never takes anything from it: Linux then leaves connection attempts unanswered, as a dead host does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from enum import Enum, auto

BACKLOG = 1_024
# A queue of length 0 holds one connection on Linux; one more shows that it is full.
FILLERS_MAX = 4


class State(Enum):
    """What becomes of a connection attempt."""

    OPEN = auto()
    CLOSED = auto()
    DEAF = auto()


class Gate:
    """One reserved port: closed until `set` opens it on a running loop. `close` gives the port back."""

    def __init__(self, host: str, port: int = 0) -> None:
        """Reserve `port` (0: any free one) of an address; raise OSError where that cannot be had."""
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
        self._family, self._address = info[0], info[4]
        self._reserved: socket.socket
        self.reserve()
        self._state = State.CLOSED
        self._listener: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self._accepting: set[asyncio.Task[object]] = set()

    @property
    def port(self) -> int:
        """The port that was asked for, or found free."""
        return int(self._address[1])

    def set(
        self, state: State, loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        """Change to `state`, from the thread of `loop`; connections that are open stay as they are."""
        if state is self._state:
            return
        self._shut(loop, protocol)
        self._state = state
        if state is State.OPEN:
            self._listener = self._bound()
            self._listener.listen(BACKLOG)
            loop.add_reader(self._listener.fileno(), self._accept, self._listener, loop, protocol)
        elif state is State.DEAF:
            self._listener = self._bound()
            self._listener.listen(0)
            self._fill()

    def reserve(self) -> None:
        """Take the port, for the first time or after `close`; raise OSError where it cannot be had."""
        # Shared only once it is ours: another server at this port is an error.
        self._reserved = self._bound(shared=False)
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._address = self._reserved.getsockname()

    def close(self) -> None:
        """Give the port back; the gate must have been set to CLOSED before."""
        self._reserved.close()

    def _bound(self, *, shared: bool = True) -> socket.socket:
        # Without its protocol's number, asyncio does not turn Nagle's algorithm off.
        bound = socket.socket(self._family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
            bound.bind(self._address)
        except OSError:
            bound.close()
            raise
        return bound

    def _accept(
        self,
        listener: socket.socket,
        loop: asyncio.AbstractEventLoop,
        protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:  # nobody is waiting any more, or whoever did has gone
                return
            accepted.setblocking(False)
            task = loop.create_task(loop.connect_accepted_socket(protocol, accepted))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    def _fill(self) -> None:
        for _ in range(FILLERS_MAX):
            filler = socket.socket(self._family, socket.SOCK_STREAM)
            filler.setblocking(False)
            self._fillers.append(filler)
            with contextlib.suppress(BlockingIOError):
                filler.connect(self._address)
            try:
                filler.getpeername()
            except OSError:
                return

    def _shut(self, loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.Protocol]) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            if self._state is State.OPEN:
                # Whoever is in the queue came while the gate was open.
                self._accept(listener, loop, protocol)
                loop.remove_reader(listener.fileno())
            listener.close()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
