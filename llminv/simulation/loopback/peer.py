"""A provider's side of one real connection: what is due goes out when it is due, byte for byte.

The bytes and their times come from a `Connection`, which also records what reached the handler: here,
what was handed to the operating system. Each `Send` is a write of its own, with Nagle's algorithm off.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Callable

from llminv.simulation.clock import SECOND_NS, WorldStopped
from llminv.simulation.loopback.clock import RealClock
from llminv.simulation.network import Connection
from llminv.simulation.providers import Providers
from llminv.simulation.steps import Close, Send

Served = Connection[Providers[RealClock]]

# How often to look whether the handler's side has taken what was sent, before a reset throws it away.
DRAIN_POLL_S = 0.001
_LINGER_0 = struct.pack("ii", 1, 0)


class Peer(asyncio.Protocol):
    """See the head of this file. `on_served` is called after every request, before anything is sent."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connect: Callable[[], Served], on_served: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._connect = connect
        self._on_served = on_served
        self._handler_done = False
        self._timer: asyncio.Handle | None = None
        self._connection: Served
        self._transport: asyncio.Transport
        self._socket: socket.socket

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport)  # of a stream socket
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = self._connect()
        self._connection.on_due = self._on_due
        if self._connection.ended:
            self._on_due()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests; a scenario that was stopped answers none."""
        try:
            self._connection.feed(data)
        except WorldStopped:
            self._reset()
        self._on_served()

    def eof_received(self) -> bool:
        """The handler's side sends no more, which to an HTTP server is a client that has gone.

        Nothing tells whether it still reads, so what is on its way to it goes out.
        """
        self._handler_done = True
        self._connection.leave()
        return bool(self._connection.inbox)

    def connection_lost(self, _: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        self._disarm()
        self._connection.on_due = None
        self._connection.close()
        self._connection.world.disconnect(self._connection)

    # What is due

    def _on_due(self) -> None:
        if self._connection.ended and not self._connection.inbox:  # the scenario is over
            self._transport.abort()
        else:
            self._arm()

    def _arm(self) -> None:
        self._disarm()
        if self._transport.is_closing():
            return
        due_ns = self._connection.next_due_ns()
        if due_ns is not None:
            wait_s = (due_ns - self._connection.world.clock.now_ns) / SECOND_NS
            self._timer = self._loop.call_later(max(0.0, wait_s), self._deliver)
        elif self._handler_done:
            self._transport.close()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _deliver(self) -> None:
        self._timer = None
        while not self._transport.is_closing() and self._is_due():
            step = self._connection.take()
            if isinstance(step, Send):
                if self._is_due() and isinstance(self._connection.inbox[0].step, Close):
                    # In one packet with the end: between the two the handler could send another request.
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                self._transport.write(step.data)
            elif isinstance(step, Close):
                self._transport.write_eof()
            else:
                self._reset()
                return
        self._arm()

    def _is_due(self) -> bool:
        due_ns = self._connection.next_due_ns()
        return due_ns is not None and due_ns <= self._connection.world.clock.now_ns

    def _reset(self) -> None:
        """Send RST, as soon as everything that was sent has arrived."""
        if self._transport.is_closing():
            return
        unsent = bytearray(4)
        fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, unsent)
        if self._transport.get_write_buffer_size() or any(unsent):
            self._timer = self._loop.call_later(DRAIN_POLL_S, self._reset)
            return
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        self._transport.abort()
