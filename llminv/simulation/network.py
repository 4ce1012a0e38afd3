"""Connections: the provider's side of a TCP connection, simulated or real.

A `Connection` is fed what the handler sends, and holds what is due for the handler in `inbox`, in time
order. The front ends (blocking sockets, event loop, loopback server) take from the inbox when the clock
says so and report back what the handler has met: that is the proof that a fault was injected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from llminv.history import ConnectionClosed
from llminv.simulation.clock import SECOND_NS
from llminv.simulation.faults import FAULTS, Met
from llminv.simulation.http import BadRequestError, HttpRequest, RequestParser, Response
from llminv.simulation.steps import Close, Reset, Send, Step, Wait, respond

if TYPE_CHECKING:
    from llminv.simulation.clock import Time
    from llminv.simulation.providers import Providers

# The world, or whoever else the providers are.
Owner_co = TypeVar("Owner_co", bound="Providers[Time]", covariant=True)


@dataclass
class Exchange:
    """One request and what is sent for it; `fault` until the handler has met it."""

    call: int
    provider: str
    attempt: int
    fault: str | None
    started_ns: int


@dataclass(frozen=True, slots=True)
class Due:
    """A step with the time at which it is there, and the exchange it belongs to (None: the world's own)."""

    at_ns: int
    step: Send | Close | Reset
    exchange: Exchange | None


class Connection(Generic[Owner_co]):
    """One connection to `host`; `on_due` is called whenever something was put into the inbox."""

    def __init__(self, world: Owner_co, host: str, port: int) -> None:
        self.world = world
        self.host = host
        self.port = port
        self.inbox: deque[Due] = deque()
        self.on_due: Callable[[], None] | None = None
        self.ended = False  # by the provider's side, and met by the handler's
        self.closed = False  # by the handler's side
        # Shut by the handler's side, which still has its socket
        self.shut_for_reading = False
        self.shut_for_writing = False
        self.idle = True
        self._parser = RequestParser()
        self._tail_ns = 0
        self._sealed = False  # the provider's side will end it
        self._open_exchange: Exchange | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes that the handler sent; a provider that has decided to hang up reads no more."""
        if self.closed or self.ended or self._sealed:
            return
        try:
            requests = self._parser.feed(data)
        except BadRequestError as error:
            self.put(
                (*respond(Response(400, (("connection", "close"),), str(error).encode())), Close()), None
            )
            return
        for request in requests:
            self.idle = False
            self.world.serve(self, request)

    def put(self, steps: tuple[Step, ...], exchange: Exchange | None) -> None:
        """Schedule steps, after those already scheduled."""
        self._open_exchange = exchange
        at_ns = max(self._tail_ns, self.world.clock.now_ns)
        for step in steps:
            if isinstance(step, Wait):
                at_ns += round(step.seconds * SECOND_NS)
            else:
                self.inbox.append(Due(at_ns, step, exchange))
                self._sealed = self._sealed or not isinstance(step, Send)
        self._tail_ns = at_ns
        if self.on_due is not None:
            self.on_due()

    def next_due_ns(self) -> int | None:
        """Return when the next step is there, or None when nothing is to come."""
        if self._has_only_the_end:
            return self.world.clock.now_ns
        return self.inbox[0].at_ns if self.inbox else None

    def take(self) -> Send | Close | Reset:
        """Take the next step, which must be due, and record that the handler has met it."""
        if self._has_only_the_end:
            return Close()
        due = self.inbox.popleft()
        step, exchange = due.step, due.exchange
        if not isinstance(step, Send):
            self.ended = True
        if exchange is not None:
            end = "reset" if isinstance(step, Reset) else "closed" if isinstance(step, Close) else None
            data, status = b"", None
            if isinstance(step, Send):
                data, status = step.data, step.status
                end = "whole" if step.last else None
            self.world.recorder.response(
                data,
                call=exchange.call,
                provider=exchange.provider,
                attempt=exchange.attempt,
                status=status,
                end=end,
            )
            if exchange.fault is not None and _meets(FAULTS[exchange.fault].met, step):
                self._meet(exchange)
            if end is not None:
                self.idle = True
                self._open_exchange = None
                self._hang_up_after()
        return step

    def give_up(self) -> None:
        """The handler's side has waited and goes on without: it has met the silence that was planned.

        That takes some time, unless the world itself found out that it would wait for ever.
        """
        exchange = self._open_exchange
        if exchange is None or exchange.fault is None or FAULTS[exchange.fault].met is not Met.WAITING:
            return
        clock = self.world.clock
        if clock.stopped is not None or clock.now_ns > exchange.started_ns:
            self._meet(exchange)

    def leave(self) -> None:
        """The handler's side wants nothing more: what is under way, nobody will read."""
        self.give_up()
        exchange, self._open_exchange = self._open_exchange, None
        if exchange is not None and not self.ended:
            self.world.recorder.add(
                ConnectionClosed, call=exchange.call, provider=exchange.provider, attempt=exchange.attempt
            )

    def close(self) -> None:
        """The handler's side closes the connection."""
        if not self.closed:
            self.leave()
            self.closed = True

    def shut(self, *, reading: bool, writing: bool) -> None:
        """The handler's side shuts its socket one way or both, as `shutdown(2)` of Linux does.

        What has come can still be read, and behind it there is an end. The provider sees only that nothing
        more is sent to it: it answers what it was asked and hangs up. Where nobody reads either, what it
        sends is refused: to it, the connection is closed.
        """
        self.shut_for_reading = self.shut_for_reading or reading
        self.shut_for_writing = self.shut_for_writing or writing
        if self.shut_for_reading and self.shut_for_writing:
            self.leave()
            now_ns = self.world.clock.now_ns
            self.inbox = deque(due for due in self.inbox if due.at_ns <= now_ns)
            self._sealed = True
        elif self.idle:
            self._hang_up_after()
        if self.on_due is not None:
            self.on_due()

    @property
    def _has_only_the_end(self) -> bool:
        """Whether the handler's side, which wants nothing more, has read all that had come."""
        if not self.shut_for_reading:
            return False
        return not self.inbox or self.inbox[0].at_ns > self.world.clock.now_ns

    def _hang_up_after(self) -> None:
        """A provider has answered all: where it is told that no more requests come, it hangs up."""
        if self.shut_for_writing and not self._sealed:
            self.drop()

    def _meet(self, exchange: Exchange) -> None:
        if exchange.fault is not None:
            self.world.recorder.reached(
                call=exchange.call, provider=exchange.provider, attempt=exchange.attempt, fault=exchange.fault
            )
            exchange.fault = None

    def drop(self) -> None:
        """The provider closes an idle connection, as servers do between two requests."""
        self.put((Close(),), None)

    def kill(self) -> None:
        """The world ends: nothing is due any more, and whoever looks finds the connection ended."""
        self.inbox.clear()
        self.ended = True
        if self.on_due is not None:
            self.on_due()
        self.on_due = None


def _meets(met: Met, step: Send | Close | Reset) -> bool:
    """Return whether a fault has been met with this step."""
    if not isinstance(step, Send):
        return met is not Met.WAITING
    return met is Met.FIRST or (met is Met.LAST and step.last) or (met is Met.MARKED and step.marked)


def url_of(scheme_port: int, host: str, request: HttpRequest) -> str:
    """Return the address a request was sent to, as a person would write it."""
    default = {443: "https", 80: "http"}.get(scheme_port)
    if default is not None:
        return f"{default}://{host}{request.target}"
    return f"http://{host}:{scheme_port}{request.target}"
