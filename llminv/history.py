"""A history: what happened while a scenario played, in order, in virtual seconds since its start.

The runner and the simulation write it; checkers and reports only read it. Two plays of one scenario
give equal histories; what cannot be equal stands in `Measurements`, which takes no part in equality,
and nor does what was printed (libraries warn once per process). A provider's key never stands here:
`<key:openai>` where openai itself received its key, `<key:openai@anthropic>` where openai's key reached
anthropic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

from llminv.codec import from_json, to_json
from llminv.contract import Chunk, Reply

# An attempt that no script foresaw is still answered; these words stand in place of a fault's name.
UNKNOWN_ROUTE = "unknown_route"
# Beyond it, a Decimal is no amount of anything, and its digits do not fit into memory.
DECIMAL_EXPONENT_MAX = 5_000


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The runner called the handler's operation."""

    tag: ClassVar[str] = "call_started"
    at_s: float
    call: int
    operation: str


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """An attempt ended before a request could be sent: `fault` happened to the connection.

    It began at `since_s`, or at once where that is None.
    """

    tag: ClassVar[str] = "connect_failed"
    at_s: float
    call: int
    provider: str
    attempt: int
    fault: str
    host: str
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A provider has read a whole request; `fault` is the act it answers with, None for an answer.

    `call` is -1 where the request carries no marker and no call can be told. `attempt` counts from 0
    per call and provider, and is -1 for a request that consumes no act. `keys` names whose canaries
    stand in it. `body` is text (what is not UTF-8 is escaped with backslashes).
    """

    tag: ClassVar[str] = "request_received"
    at_s: float
    call: int
    provider: str
    attempt: int
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    model: str | None = None
    keys: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseSent:
    """Bytes of a response reached the handler's side of the connection.

    `status` stands in the first of a response, `text` is what was read (bytes that are not UTF-8 are
    escaped), `end` says how the response ended with these bytes: "whole", "closed" or "reset".
    """

    tag: ClassVar[str] = "response_sent"
    at_s: float
    call: int
    provider: str
    attempt: int
    text: str = ""
    status: int | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The handler's side closed a connection while a response on it was still to come, or to be sent on."""

    tag: ClassVar[str] = "connection_closed"
    at_s: float
    call: int
    provider: str
    attempt: int


@dataclass(frozen=True, slots=True)
class FaultReached:
    """Proof of injection: the handler's side has met the fault of this attempt."""

    tag: ClassVar[str] = "fault_reached"
    at_s: float
    call: int
    provider: str
    attempt: int
    fault: str


@dataclass(frozen=True, slots=True)
class HostRefused:
    """The handler tried to reach something that is no declared or known provider; it was refused."""

    tag: ClassVar[str] = "host_refused"
    at_s: float
    call: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class RealRefused:
    """Something tried to get past the simulation, to the real network or another program; it was refused.

    `library` is the top-level package that tried, `what` says what it tried.
    """

    tag: ClassVar[str] = "real_refused"
    at_s: float
    call: int
    library: str
    what: str


@dataclass(frozen=True, slots=True)
class ChunkReceived:
    """The handler's stream yielded a chunk."""

    tag: ClassVar[str] = "chunk_received"
    at_s: float
    call: int
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class ConsumerStopped:
    """The consumer of a stream wants no more of it, and begins to tell the handler so."""

    tag: ClassVar[str] = "consumer_stopped"
    at_s: float
    call: int


@dataclass(frozen=True, slots=True)
class Released:
    """The handler has let a consumer go that stopped: closing the stream, or cancelling it, has returned."""

    tag: ClassVar[str] = "released"
    at_s: float
    call: int


@dataclass(frozen=True, slots=True)
class Replied:
    """The handler's operation returned; a stream has ended normally (then `reply` is None)."""

    tag: ClassVar[str] = "replied"
    at_s: float
    call: int
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """An operation that returns a value (count_tokens, cost) has returned one, of whatever type.

    `type` is int, float, Decimal, str, bool or None, else the full name of the type. `value` says it
    exactly: as `repr` of a float and `str` of a Decimal do, an int in digits (the largest in hexadecimal).
    A call that asks again and again has one event for each run of equal values, `times` long.
    """

    tag: ClassVar[str] = "returned"
    at_s: float
    call: int
    type: str
    value: str
    times: int = 1

    @property
    def number(self) -> Fraction | None:
        """The exact value of what is a number; None for NaN, infinity, absurd exponents and other types."""
        try:
            if self.type == "int":
                return Fraction(int(self.value, 0))
            if self.type == "float":
                return Fraction(float(self.value))
            if self.type == "Decimal" and abs(Decimal(self.value).adjusted()) <= DECIMAL_EXPONENT_MAX:
                return Fraction(Decimal(self.value))
        except (ValueError, OverflowError):
            return None
        return None


@dataclass(frozen=True, slots=True)
class ContractBroken:
    """The handler returned what the contract does not know; `observed` says what."""

    tag: ClassVar[str] = "contract_broken"
    at_s: float
    call: int
    observed: str


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An exception as the caller saw it: type with module, message and the place it was raised.

    `frames` are "file:line in function" outermost first, with the user's own files as they are and
    others shortened to their package path.
    """

    type: str
    message: str
    module: str = ""
    bases: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """The handler's operation raised; `chain` are causes and contexts, `attempts` the error's own list."""

    tag: ClassVar[str] = "raised"
    at_s: float
    call: int
    error: ErrorInfo
    chain: tuple[ErrorInfo, ...] = ()
    attempts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """The simulated world stopped a call that would not have ended by itself.

    `reason` is "hang" (nothing can ever happen again and nobody holds a timer), "horizon" (the virtual
    horizon was passed) or "flood" (more requests than any handler needs).
    """

    tag: ClassVar[str] = "stopped"
    at_s: float
    call: int
    reason: str
    detail: str = ""


Event = (
    CallStarted
    | ConnectFailed
    | RequestReceived
    | ResponseSent
    | ConnectionClosed
    | FaultReached
    | HostRefused
    | RealRefused
    | ChunkReceived
    | ConsumerStopped
    | Released
    | Replied
    | Returned
    | ContractBroken
    | Raised
    | Stopped
)
Outcome = Replied | Released | Returned | Raised | Stopped | ContractBroken


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a provider, gathered from its events: a view for checkers and reports."""

    call: int
    provider: str
    attempt: int
    started_at_s: float
    ended_at_s: float
    request: RequestReceived | None
    fault: str | None
    reached: bool
    status: int | None
    text: str

    def has(self, event: ConnectionClosed | ConnectFailed | RequestReceived | ResponseSent) -> bool:
        """Return whether an event is one of this attempt."""
        return (event.call, event.provider, event.attempt) == (self.call, self.provider, self.attempt)


@dataclass(frozen=True, slots=True)
class Measurements:
    """What differs between two plays of one scenario: real time, and processor time of the handler's process.

    Only a limit that leaves a wide margin may be held against them (see token_totality).
    """

    real_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True)
class History:
    """All events in order, what the handler printed, and how long it took in virtual seconds."""

    events: tuple[Event, ...] = ()
    ended_at_s: float = 0.0
    printed: str = field(default="", compare=False)
    logged: tuple[str, ...] = field(default=(), compare=False)
    measurements: Measurements = field(default=Measurements(), compare=False)

    def of(self, *types: type[Any]) -> Iterator[Any]:
        """Yield the events of the given classes, in order."""
        return (event for event in self.events if isinstance(event, types))

    def outcome(self, call: int) -> Outcome | None:
        """Return how call number `call` ended, or None where it did not even start."""
        for event in self.events:
            if isinstance(event, Outcome) and event.call == call:
                return event
        return None

    def attempts(self, call: int) -> list[Attempt]:
        """Return the attempts of `call` in the order in which the providers met them.

        Requests that consume no act (unknown routes, token counting) are not among them.
        """
        order: list[tuple[str, int]] = []
        parts: dict[tuple[str, int], list[Any]] = {}
        for event in self.events:
            if (
                not isinstance(event, ConnectFailed | RequestReceived | ResponseSent | FaultReached)
                or event.call != call
                or event.attempt < 0
            ):
                continue
            key = (event.provider, event.attempt)
            if key not in parts:
                parts[key] = []
                order.append(key)
            parts[key].append(event)
        return [_gather(parts[key]) for key in order]

    def to_json(self) -> dict[str, Any]:
        """Return the history as JSON-able values (Any: they are whatever JSON holds)."""
        value: dict[str, Any] = to_json(self)
        return value

    @classmethod
    def from_json(cls, data: Any) -> History:
        """Read what `to_json` made; raise ValueError with the path of what does not fit."""
        history: History = from_json(cls, data)
        return history


def _begun_s(first: ConnectFailed | RequestReceived) -> float:
    since_s = first.since_s if isinstance(first, ConnectFailed) else None
    return first.at_s if since_s is None else since_s


def _gather(events: list[Any]) -> Attempt:
    first = events[0]
    request = next((event for event in events if isinstance(event, RequestReceived)), None)
    sent = [event for event in events if isinstance(event, ResponseSent)]
    return Attempt(
        call=first.call,
        provider=first.provider,
        attempt=first.attempt,
        started_at_s=_begun_s(first),
        ended_at_s=events[-1].at_s,
        request=request,
        fault=first.fault,
        reached=any(isinstance(event, FaultReached | ConnectFailed) for event in events),
        status=next((event.status for event in sent if event.status is not None), None),
        text="".join(event.text for event in sent),
    )
