"""The event loop of a simulated world: asyncio whose idle time passes at once.

When nothing is ready the loop jumps to its next timer; with no timer at all it reports a hang.
Connections are `SimulatedTransport`s that take from the inbox of a simulated connection. Outside a
world the loop is an ordinary selector loop.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import ssl as ssl_module
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple, Unpack

from llminv.simulation.clock import SECOND_NS, first_ns_at
from llminv.simulation.current import current_world
from llminv.simulation.futures import NumberedFuture, NumberedTask
from llminv.simulation.network import Connection
from llminv.simulation.providers import Refusal
from llminv.simulation.sockets import SimulatedSocket, error_of, reset_error, shut
from llminv.simulation.steps import Close, Send
from llminv.simulation.tls import PlainTextTls
from llminv.simulation.world import World

Ts = TypeVarTuple("Ts")

# Private to asyncio's base loop.
_EXECUTOR = "_default_executor"
_GENERATORS_CLOSED = "_asyncgens_shutdown_called"

AddressInfo = tuple[int, int, int, str, tuple[str, int]]


def address_info(world: World, host: str | bytes | None, port: int | str | bytes | None) -> list[AddressInfo]:
    """Return what getaddrinfo returns for `host`; raise socket.gaierror where it has no address."""
    name = host.decode("ascii") if isinstance(host, bytes) else host or "127.0.0.1"
    found = world.lookup(name)
    if isinstance(found, Refusal):
        found.met()
        raise error_of(found)
    number = int(port or 0) if not isinstance(port, str | bytes) or port.isdigit() else 443
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (found, number))]


class PeerSocket:
    """What a transport gives to those who ask for its socket: enough to look at, nothing to write to."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, connection: Connection[World]) -> None:
        self._connection = connection

    def fileno(self) -> int:
        """Return a descriptor whose readability tells whether the peer has closed."""
        return -1 if self._connection.closed else SimulatedSocket.probes.of(self._connection)

    def getpeername(self) -> tuple[str, int]:
        return (self._connection.host, self._connection.port)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 40_000)

    def getsockopt(self, *_: object) -> int:
        return 0

    def setsockopt(self, *_: object) -> None:
        return None

    def gettimeout(self) -> float:
        return 0.0

    def shutdown(self, how: int) -> None:
        shut(self._connection, how)


class SimulatedTransport(asyncio.Transport):
    """A connected transport; reading starts by itself, as asyncio's does."""

    def __init__(
        self,
        loop: SimulatedLoop,
        connection: Connection[World],
        protocol: asyncio.BaseProtocol,
        tls: PlainTextTls | None,
    ) -> None:
        peer = PeerSocket(connection)
        super().__init__(
            {
                "socket": peer,
                "peername": peer.getpeername(),
                "sockname": peer.getsockname(),
                "ssl_object": tls,
                "sslcontext": tls.context if tls else None,
            }
        )
        self._loop = loop
        self._connection = connection
        self._protocol = protocol
        self._paused = False
        self._closing = False
        self._handle: asyncio.Handle | None = None
        connection.on_due = self._stirred

    def _stirred(self) -> None:
        if self._connection.ended and not self._connection.inbox:
            # The world has ended. A pool that outlives it must not take this for an open connection.
            self.close()
        elif self._connection.shut_for_reading:
            # By whatever thread, and an end comes before what was armed for.
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._deliver)
        else:
            self._arm()

    def _arm(self) -> None:
        if self._closing or self._paused or self._handle is not None:
            return
        due_ns = self._connection.next_due_ns()
        if due_ns is None or self._loop.is_closed():  # on a closed loop nobody reads
            return
        if due_ns <= self._connection.world.clock.now_ns:
            self._handle = self._loop.call_soon(self._deliver)
        else:
            told_s = due_ns / SECOND_NS * self._connection.world.clock.rate
            self._handle = self._loop.call_at(told_s, self._deliver)

    def _deliver(self) -> None:
        self._handle = None
        if self._closing or self._paused:
            return
        due_ns = self._connection.next_due_ns()
        if due_ns is None:
            return
        if due_ns > self._connection.world.clock.now_ns:
            self._arm()
            return
        step = self._connection.take()
        if isinstance(step, Send):
            self._receive(step.data)
        elif isinstance(step, Close):
            if not (isinstance(self._protocol, asyncio.Protocol) and self._protocol.eof_received()):
                self.close()
            return
        else:
            self._lose(reset_error())
            return
        self._arm()

    def _receive(self, data: bytes) -> None:
        if isinstance(self._protocol, asyncio.BufferedProtocol):
            while data:
                buffer = memoryview(self._protocol.get_buffer(len(data)))
                size = min(len(buffer), len(data))
                buffer[:size] = data[:size]
                data = data[size:]
                self._protocol.buffer_updated(size)
        elif isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def _lose(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        if self._handle is not None:
            self._handle.cancel()
        self._connection.close()
        if not self._loop.is_closed():
            self._loop.call_soon(self._protocol.connection_lost, error)

    def write(self, data: Any) -> None:
        if not self._closing:
            self._connection.feed(bytes(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._connection.shut(reading=False, writing=True)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._lose(None)

    def abort(self) -> None:
        self._lose(None)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._arm()

    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def get_write_buffer_size(self) -> int:
        return 0


class _Selector(selectors.DefaultSelector):
    """Ready descriptors are real (other threads wake the loop through one); idle time is virtual."""

    loop: SimulatedLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        world = current_world()
        if world is None:
            return super().select(timeout)
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        due_s = self.loop.next_timer_s()
        due_ns = None if due_s is None else first_ns_at(due_s / world.clock.rate)
        self.loop.wake = world.waker()
        try:
            world.wait_until(due_ns, "the event loop has nothing to wait for")
        finally:
            self.loop.wake = None
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """See the head of this file. Signatures are asyncio's, hence Any."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.wake: Callable[[], None] | None = None
        super().__init__(selector)
        self.set_task_factory(NumberedTask)

    def time(self) -> float:
        world = current_world()
        return super().time() if world is None else world.clock.now_ns / SECOND_NS * world.clock.rate

    def create_future(self) -> asyncio.Future[Any]:
        return NumberedFuture(self)

    def next_timer_s(self) -> float | None:
        """Return when the next timer is due, on this loop's clock."""
        timers: list[asyncio.TimerHandle] = getattr(self, "_scheduled")  # noqa: B009 - private to asyncio, not in typeshed
        return timers[0].when() if timers else None

    def forget_timers(self) -> None:
        """Drop all timers and callbacks: what one world left must not happen in the next."""
        for handle in (*getattr(self, "_scheduled"), *getattr(self, "_ready")):  # noqa: B009 - as above
            handle.cancel()

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        if self.wake is not None:
            self.wake()
        return handle

    async def close_generators(self) -> None:
        """Close the asynchronous generators that were left, and go on: this loop plays other worlds yet."""
        await self.shutdown_asyncgens()
        setattr(self, _GENERATORS_CLOSED, False)

    def drop_executor(self) -> None:
        """Let go of the threads that did work for the loop; they end when they next have a turn."""
        executor = getattr(self, _EXECUTOR)
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)
            setattr(self, _EXECUTOR, None)

    async def getaddrinfo(self, host: Any, port: Any, **kwargs: Any) -> Any:
        world = current_world()
        if world is None:
            return await super().getaddrinfo(host, port, **kwargs)
        return address_info(world, host, port)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        world = current_world()
        if world is None or not isinstance(sock, SimulatedSocket):
            await super().sock_connect(sock, address)
            return
        sock.connection = await self._dial(world, str(address[0]), int(address[1]))

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **kwargs: Any
    ) -> Any:
        world = current_world()
        if world is None:
            return await super().create_connection(protocol_factory, host, port, **kwargs)
        sock = kwargs.get("sock")
        if sock is None:
            connection = await self._dial(world, host, int(port))
        elif isinstance(sock, SimulatedSocket) and sock.connection is not None:
            connection, sock.connection = sock.connection, None
            sock.close()
        else:
            return await super().create_connection(protocol_factory, host, port, **kwargs)
        tls = None
        if kwargs.get("ssl"):
            context = (
                kwargs["ssl"] if isinstance(kwargs["ssl"], ssl_module.SSLContext) else ssl_module.SSLContext()
            )
            name = kwargs.get("server_hostname") or host
            tls = PlainTextTls(context, ssl_module.MemoryBIO(), ssl_module.MemoryBIO(), name)
        protocol = protocol_factory()
        transport = SimulatedTransport(self, connection, protocol, tls)
        protocol.connection_made(transport)
        # What is due already can only be read once the protocol knows its transport.
        transport.resume_reading()
        return transport, protocol

    async def start_tls(self, transport: Any, protocol: Any, sslcontext: Any, **kwargs: Any) -> Any:
        if not isinstance(transport, SimulatedTransport):
            return await super().start_tls(transport, protocol, sslcontext, **kwargs)
        transport.set_protocol(protocol)
        return transport

    async def _dial(self, world: World, host: str, port: int) -> Connection[World]:
        found = world.lookup(host)
        dialled = found if isinstance(found, Refusal) else world.dial(found, port)
        if isinstance(dialled, Connection):
            return dialled
        error = error_of(dialled)
        if not isinstance(error, socket.gaierror):
            error = OSError(error.errno, f"Connect call failed {(found, port)}")
        # As in asyncio it comes out of a future, so that no exception stands behind it as its context.
        refused: asyncio.Future[Connection[World]] = self.create_future()
        timer = self.call_later(dialled.after_s * world.clock.rate, refused.set_exception, error)
        try:
            return await refused
        finally:
            timer.cancel()
            dialled.met()
