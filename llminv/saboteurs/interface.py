"""What a saboteur is: one known bug, planted at a boundary that llminv owns, in anybody's handler.

A `Plant` is a saboteur at work in one scenario. It stands around the handler, where it sees what is asked
and what comes back, and between the handler and its providers, where it sees requests; and it may give the
handler a wrong clock. What it does not override stays as it is, and it never knows whose handler it is in.

Around the handler it is written once for all ways of calling: a course is a generator that yields what is
to be done (ask the handler, take the next chunk, pass one on, wait) and is sent what came of it, errors
being raised in it. `around` does these things, blocking or not.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from llminv.contract import Chunk, Reply, Request
from llminv.simulation.providers import current_call
from llminv.simulation.sites import Setting
from llminv.simulation.wire import Wire

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """Call the handler: comes to its Reply, or opens its stream and comes to None."""

    request: Request


@dataclass(frozen=True)
class Next:
    """Take the next chunk of the handler's stream: comes to a Chunk, or to None at the end."""


@dataclass(frozen=True)
class Emit:
    """Pass a chunk on to the caller."""

    chunk: Chunk


@dataclass(frozen=True)
class Wait:
    """Let so much time pass; None: wait for what never happens."""

    seconds: float | None


Effect = Ask | Next | Emit | Wait
# What is sent in depends on what was yielded, hence Any.
Course = Generator[Effect, Any, T]


@dataclass(frozen=True)
class Asked:
    """One call of the handler, before anything was done to it."""

    operation: str
    call: int
    request: Request

    @property
    def streams(self) -> bool:
        """Whether the caller takes chunks."""
        return self.operation in ("stream", "astream")


class Plant:
    """Changes nothing; each saboteur overrides what it changes and calls `act` where it has done so.

    `rate` is the handler's clock (`Clock.rate`); `closes` whether a stream is closed when its consumer stops;
    `price` the handler's own `cost`, where it offers a blocking one.
    """

    rate: ClassVar[float] = 1.0
    closes: ClassVar[bool] = True
    # It takes and returns what the handler's does, hence Any.
    price: Callable[..., Any] | None = None

    def __init__(self, setting: Setting) -> None:
        """Begin a scenario; the setting is what the handler was told."""
        self.setting = setting
        self.acted = self.rate != 1
        self.kept: list[Any] = []  # the handler's streams that were not closed

    def act(self) -> None:
        """Note that the bug has shown its effect: one that never did was not put to the proof."""
        self.acted = True

    def whole(self, asked: Asked) -> Course[Reply]:
        """Make one call that returns a Reply."""
        reply: Reply = yield Ask(asked.request)
        return reply

    def stream(self, asked: Asked) -> Course[None]:
        """Make one call that passes chunks on."""
        yield Ask(asked.request)
        yield from forward()

    def left(self, asked: Asked) -> Course[None]:
        """Do what is done when the consumer of a stream has stopped; nothing can be passed on."""
        del asked
        yield from ()

    def value(self, operation: str, value: Any) -> Any:
        """Return what count_tokens or cost is to return in place of `value` (of any type: the handler's)."""
        del operation
        return value

    def failed_value(self, operation: str, error: Exception) -> Any:
        """Return what count_tokens or cost is to return in place of an error, or raise one."""
        del operation
        raise error

    def carry(self, wire: Wire) -> None:
        """Decide what becomes of a request that asks for an answer."""
        wire.send()


def forward() -> Course[None]:
    """Pass on all that the handler's stream has."""
    while (chunk := (yield Next())) is not None:
        yield Emit(chunk)


def this_call() -> int:
    """Return the number of the call that is made."""
    return current_call.get()


class Boundary(StrEnum):
    """Where a saboteur stands."""

    CALL = "call"
    REPLY = "reply"
    NETWORK = "network"
    CLOCK = "clock"
    VALUE = "value"


@dataclass(frozen=True)
class Saboteur:
    """One planted bug.

    `aims` are the finding codes that must be found; one that means different things to two kinds is written
    with its kind (exhaustion.wrong_error). `does` completes "a handler that ...". `reference` is a public
    report of the bug. `idle` says when it has no occasion to act. One that `forges` changes what
    providers receive behind the handler's back: it proves the checker, and nothing of the way to it.
    """

    name: str
    boundary: Boundary
    aims: tuple[str, ...]
    does: str
    reference: str
    plant: Callable[[Setting], Plant]
    idle: str = "nothing was played"
    forges: bool = False

    def aims_at(self, kind: str, codes: Mapping[str, str]) -> tuple[str, ...]:
        """Return the codes of a kind at which this one aims."""
        return tuple(code for code in codes if {code, f"{kind}.{code}"} & {*self.aims})
