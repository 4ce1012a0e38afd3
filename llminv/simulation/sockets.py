"""Blocking sockets of a simulated world.

`SimulatedSocket` stands in for `socket.socket` while the simulation is installed. Outside a world, and
for anything but TCP, it is the real thing. In a world `connect` dials a simulated provider, `recv`
delivers what is due or lets virtual time pass, up to the socket's timeout. Wrapping it in TLS gives it
back as it is: the bytes of TLS are of no interest to an audit, only what goes over it.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from llminv.simulation.clock import SECOND_NS
from llminv.simulation.current import current_world
from llminv.simulation.guard import refuse
from llminv.simulation.network import Connection
from llminv.simulation.providers import Refusal
from llminv.simulation.steps import Reset, Send
from llminv.simulation.world import World

# The class as it is outside the simulation, for those who need a real one.
RealSocket = socket.socket


def error_of(refusal: Refusal) -> OSError:
    """Return the error that the operating system reports for a refused lookup or connection."""
    if refusal.word == "name_not_found":
        return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if refusal.word == "connect_timeout":
        return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def reset_error() -> ConnectionResetError:
    """Return the error of a read on a connection that was reset."""
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def shut(connection: Connection[World], how: int) -> None:
    """Do what `socket.shutdown(how)` does to an open connection."""
    if connection.closed:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    connection.shut(reading=how != socket.SHUT_WR, writing=how != socket.SHUT_RD)


class ProbeDescriptors:
    """Two descriptors for those who ask whether a connection is still alive.

    Before they reuse a connection, clients poll its descriptor: one that is never readable says
    "alive", one at its end "closed by the peer".
    """

    def __init__(self) -> None:
        self.alive, self._alive_writer = os.pipe()
        self.ended, writer = os.pipe()
        os.close(writer)

    def close(self) -> None:
        """Close all of them."""
        for descriptor in (self.alive, self._alive_writer, self.ended):
            os.close(descriptor)

    def of(self, connection: Connection[World]) -> int:
        """Return the descriptor that tells the state of `connection` now."""
        if connection.ended:
            return self.ended
        due_ns = connection.next_due_ns()
        if due_ns is not None and due_ns <= connection.world.clock.now_ns:
            return self.ended
        return self.alive


class SimulatedSocket(socket.socket):
    """See the head of this file. The names and signatures are those of `socket.socket`, hence Any."""

    probes: ProbeDescriptors

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection: Connection[World] | None = None
        self._rest = b""

    # Connecting

    def _world(self) -> World | None:
        is_tcp = self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM
        return current_world() if is_tcp else None

    def connect(self, address: Any) -> None:
        world = self._world()
        if world is None:
            super().connect(address)
            return
        if self.gettimeout() == 0:
            # Some event loop that is not asyncio's would wait for this socket in real time.
            refuse(world, f"a connection to {address[0]}:{address[1]} outside asyncio")
        found = world.lookup(str(address[0]))
        dialled = found if isinstance(found, Refusal) else world.dial(found, int(address[1]))
        if isinstance(dialled, Connection):
            self.connection = dialled
            return
        timeout_s = self.gettimeout()
        refused_ns = world.clock.now_ns + round(dialled.after_s * SECOND_NS)
        due_ns = refused_ns if timeout_s is None else world.clock.due_ns(timeout_s)
        if due_ns < refused_ns:
            self._wait(world, due_ns, dialled.met)
            dialled.met()
            raise TimeoutError("timed out")
        self._wait(world, refused_ns, dialled.met)
        dialled.met()
        raise error_of(dialled)

    def connect_ex(self, address: Any) -> int:
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or errno.EAGAIN
        return 0

    def _wait(self, world: World, until_ns: int | None, met: Callable[[], None]) -> None:
        try:
            world.wait_until(until_ns, f"blocked on a socket to {self._peer()}")
        except BaseException:
            met()
            raise

    def _peer(self) -> str:
        return f"{self.connection.host}:{self.connection.port}" if self.connection else "nobody"

    # Sending and receiving

    def send(self, data: Any, flags: int = 0) -> int:
        if self.connection is None:
            return super().send(data, flags)
        if self.connection.closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if self.connection.ended or self.connection.shut_for_writing:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        payload = bytes(data)
        self.connection.feed(payload)
        return len(payload)

    def sendall(self, data: Any, flags: int = 0) -> None:
        if self.connection is None:
            super().sendall(data, flags)
        else:
            self.send(data)

    def sendmsg(self, buffers: Any, *args: Any) -> int:
        if self.connection is None:
            return super().sendmsg(buffers, *args)
        return self.send(b"".join(bytes(part) for part in buffers))

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.connection is None:
            return super().recv(size, flags)
        if not self._rest:
            self._rest = self._next(self.connection)
        data = self._rest[:size]
        if not flags & socket.MSG_PEEK:
            self._rest = self._rest[size:]
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        if self.connection is None:
            return super().recv_into(buffer, nbytes, flags)
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def _next(self, connection: Connection[World]) -> bytes:
        world = connection.world
        timeout_s = self.gettimeout()
        limit_ns = None if timeout_s is None else world.clock.due_ns(timeout_s)
        while True:
            if connection.closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            if connection.ended:
                return b""
            due_ns = connection.next_due_ns()
            if due_ns is not None and due_ns <= world.clock.now_ns:
                break
            if timeout_s == 0:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            if limit_ns is not None and world.clock.now_ns >= limit_ns:
                connection.give_up()
                raise TimeoutError("timed out")
            times = [time_ns for time_ns in (due_ns, limit_ns) if time_ns is not None]
            connection.on_due = world.waker()
            self._wait(world, min(times, default=None), connection.give_up)
            connection.on_due = None
        step = connection.take()
        if isinstance(step, Reset):
            raise reset_error()
        return step.data if isinstance(step, Send) else b""

    # State

    def fileno(self) -> int:
        if self.connection is None or self.connection.closed:
            return super().fileno()
        return self.probes.of(self.connection)

    def own_fileno(self) -> int:
        """Return a descriptor that no other socket has; it tells nothing of the connection."""
        return super().fileno()

    def has_input(self) -> bool:
        """Return whether `recv` would return at once."""
        if self.connection is None or self._rest or self.connection.ended:
            return True
        due_ns = self.connection.next_due_ns()
        return due_ns is not None and due_ns <= self.connection.world.clock.now_ns

    def getpeername(self) -> Any:
        if self.connection is None:
            return super().getpeername()
        return (self.connection.host, self.connection.port)

    def shutdown(self, how: int) -> None:
        if self.connection is None:
            super().shutdown(how)
        else:
            shut(self.connection, how)

    def _real_close(self, *args: Any) -> None:
        if self.connection is not None:
            self.connection.close()
        # The base class takes itself as a parameter that typeshed does not know.
        super()._real_close(*args)  # type: ignore[misc]

    # What a TLS socket has beyond a plain one

    def version(self) -> str:
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        return ("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128)

    def getpeercert(self, binary_form: bool = False) -> Any:
        return b"" if binary_form else {}

    def selected_alpn_protocol(self) -> None:
        return None

    def do_handshake(self) -> None:
        return None

    def pending(self) -> int:
        return len(self._rest)

    def unwrap(self) -> SimulatedSocket:
        return self
