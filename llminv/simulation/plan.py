"""From an act to timed bytes: the sans-IO core that every transport plays.

`plan` is given a request and the act that a scenario has for it, and returns the steps of the
provider's side of the connection. It knows neither sockets nor clocks. After the last step the
connection stays open, unless a step ended it.
"""

from __future__ import annotations

from dataclasses import dataclass

from llminv.scenario import Act
from llminv.simulation.dialects.interface import Answer, ParsedRequest
from llminv.simulation.faults import FAULTS, Ending
from llminv.simulation.http import Response
from llminv.simulation.sites import Site


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the handler; `status` stands with the first of a response, `last` with the last."""

    data: bytes
    status: int | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """The provider ends its side of the connection (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset (RST)."""


Step = Send | Wait | Close | Reset


def plan(site: Site, parsed: ParsedRequest, act: Act, text: str) -> tuple[Step, ...]:
    """Return what `site` does to a request under `act`; `text` is what it answers where it answers."""
    model = parsed.model or site.model
    if act.fault is None:
        return respond(site.dialect.answer(Answer(text=text, model=model)))
    fault = FAULTS[act.fault]
    steps: tuple[Step, ...] = ()
    if fault.error is not None:
        steps = respond(site.dialect.error(fault.error, model))
    if fault.ending is Ending.RESET:
        steps += (Reset(),)
    return steps


def respond(response: Response) -> tuple[Step, ...]:
    """Return the steps of one whole response."""
    return (Send(response.encode(), status=response.status, last=True),)
