"""One simulated world: a scenario's providers, on their hosts, on one virtual clock.

What `Providers` does, and what only a world without a network needs: it answers what a host name resolves
to (`lookup`) and what becomes of a connection attempt (`dial`), and lets the threads of the handler wait.
"""

from __future__ import annotations

import hashlib
import ipaddress
import itertools
import random
from collections.abc import Callable

from llminv.history import HostRefused
from llminv.scenario import Scenario
from llminv.simulation.clock import SECOND_NS, Clock
from llminv.simulation.faults import Where
from llminv.simulation.network import Connection
from llminv.simulation.providers import Providers, Refusal
from llminv.simulation.sites import Setting, Site
from llminv.simulation.threads import the_scheduler


class World(Providers[Clock]):
    """See the head of this file."""

    def __init__(self, setting: Setting, scenario: Scenario) -> None:
        super().__init__(setting, scenario, Clock())
        self.entropy = random.Random(scenario.seed)
        # Of futures and tasks, in the order in which the handler makes them.
        self.numbers = itertools.count()
        self._names = {address_of(host): host for host, _ in self._sites}

    # Time

    def wait_until(self, due_ns: int | None, why: str) -> None:
        """Block the calling thread until `due_ns`; None: until another one wakes it. `why` is for people."""
        the_scheduler().wait_until(self.clock, due_ns, why)

    def wait(self, seconds: float, why: str) -> None:
        """Block the calling thread for so long (less than zero is zero)."""
        self.wait_until(self.clock.now_ns + max(0, round(seconds * SECOND_NS)), why)

    def waker(self) -> Callable[[], None]:
        """Return what another thread calls to wake the calling one."""
        scheduler = the_scheduler()
        me = scheduler.me()
        return lambda: scheduler.wake(me) if me is not None else None

    # Names and connections

    def lookup(self, host: str) -> str | Refusal:
        """Return the address of `host`, or why it has none."""
        name = host.lower().rstrip(".")
        try:
            return str(ipaddress.ip_address(name))
        except ValueError:
            pass
        for site in self._sites_named(name):
            refusal = self.refusal(site, {Where.LOOKUP})
            if refusal is not None:
                return refusal
        if name == "localhost":
            return "127.0.0.1"
        address = address_of(name)
        self._names[address] = name
        return address

    def dial(self, host: str, port: int) -> Connection[World] | Refusal:
        """Return a connection to `host` (a name or an address), or why there is none."""
        name = self._names.get(host, host.lower().rstrip("."))
        sites = self.sites(name, port) or (self.sites("localhost", port) if name == "127.0.0.1" else None)
        if not sites:
            call = self.call_of(b"")
            return Refusal(
                "connection_refused",
                0.0,
                lambda: self.recorder.add(HostRefused, call=call, host=name, port=port),
            )
        return self.refusal(sites[0], {Where.CONNECT}) or self.connect(sites[0].host, port)

    def _sites_named(self, name: str) -> list[Site]:
        return [site for (host, _), sites in self._sites.items() if host == name for site in sites[:1]]


def address_of(name: str) -> str:
    """Return the address of a host: the same in every world, because clients keep addresses."""
    one, two, three, *_ = hashlib.sha256(name.encode()).digest()
    return f"240.{one}.{two}.{three}"
