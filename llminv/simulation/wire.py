"""The wire between a handler and its providers, for whoever is to stand in between.

A `Carrier` is handed every request that the handler has sent whole, and decides what becomes of it: it goes
on to its provider, as it is or as another one, once or more often, or never arrives. Without a carrier it
goes on as it is. A saboteur is one; nothing else in llminv is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from llminv.scenario import Act
from llminv.simulation.faults import FAULTS
from llminv.simulation.network import Connection
from llminv.simulation.sites import Site
from llminv.simulation.steps import Reset

if TYPE_CHECKING:
    from llminv.simulation.clock import Time
    from llminv.simulation.http import HttpRequest
    from llminv.simulation.providers import Providers


@dataclass(frozen=True)
class Wire:
    """One request on its way: who made it, where it goes, and what can become of it."""

    providers: Providers[Time]
    connection: Connection[Providers[Time]]
    site: Site
    request: HttpRequest

    @cached_property
    def call(self) -> int:
        """The call that the request is made for, -1 where nothing tells."""
        return self.providers.call_of(self.request.body)

    @property
    def completes(self) -> bool:
        """Whether the request asks for an answer, rather than for a count of tokens or for nothing known."""
        parsed = self.site.dialect.parse(self.request)
        return parsed is not None and parsed.operation != "count_tokens"

    @property
    def fails(self) -> bool:
        """Whether the provider will not answer it."""
        act: Act = self.providers.act(self.call, self.site.provider)
        return act.fault is not None and not FAULTS[act.fault].answers

    def send(self, request: HttpRequest | None = None) -> None:
        """Let the provider answer the request, or `request` in its place."""
        self.providers.answer(self.connection, self.site, request or self.request)

    def send_aside(self, request: HttpRequest | None = None, site: Site | None = None) -> None:
        """Let a provider answer on a connection unknown to the handler, and read that to its end."""
        place = site or self.site
        aside = Connection(self.providers, place.host, place.port)
        self.providers.answer(aside, place, request or self.request)
        while aside.inbox:
            aside.take()

    def reset(self) -> None:
        """Reset the handler's connection; the request never arrives, and no history knows of it."""
        self.connection.put((Reset(),), None)


# Decides what becomes of a request.
Carrier = Callable[[Wire], None]


def carry(wire: Wire) -> None:
    """Let the request go on as it is: the carrier of every world that nobody sabotages."""
    wire.send()
