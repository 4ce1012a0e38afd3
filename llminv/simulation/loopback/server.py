"""The loopback server: every provider at a port of its own, one scenario at a time, on one event loop.

Not thread-safe: all methods but the constructor and `close` belong to the loop's thread (`ServerThread`).

A server cannot see a connection attempt that is refused, so it cannot count it. Where the handler runs in
this process, its attempts are announced (`dialled`) and refusals are counted one by one. Elsewhere a
provider that refuses connections goes on doing so until the call ends.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from llminv.scenario import Scenario
from llminv.simulation.faults import Where
from llminv.simulation.loopback.clock import RealClock
from llminv.simulation.loopback.gate import Gate, State
from llminv.simulation.loopback.peer import Peer, Served
from llminv.simulation.providers import REQUESTS_MAX, Providers
from llminv.simulation.sites import Setting

LOCALHOST = "127.0.0.1"
_HERE = (LOCALHOST, "localhost")

# How a gate plays each fault that happens before a connection is made. A name cannot be unknown where
# clients are given an address, so it is played as what it does to them: no connection.
GATES: Mapping[str, State] = MappingProxyType(
    {"connection_refused": State.CLOSED, "connect_timeout": State.DEAF, "name_not_found": State.CLOSED}
)


class LoopbackServer:
    """See the head of this file. The ports are reserved at once; clients are let in by `start`."""

    def __init__(
        self,
        setting: Setting,
        host: str = LOCALHOST,
        ports: Mapping[str, int] = MappingProxyType({}),
        requests_max: int | None = REQUESTS_MAX,
    ) -> None:
        """Reserve a port of `host` for each provider: that of `ports`, or of its base URL, or any free one.

        Raises OSError where a port cannot be had.
        """
        wanted = {**declared_ports(setting), **ports}
        self._fixed = frozenset(wanted)
        self._gates: dict[str, Gate] = {}
        self._requests_max = requests_max
        self._loop: asyncio.AbstractEventLoop
        try:
            for name in setting["providers"]:
                self._gates[name] = Gate(host, wanted.get(name, 0))
        except OSError:
            self.close()
            raise
        self._host = _reachable(host)
        self.setting = at_ports(setting, self._host, {name: gate.port for name, gate in self._gates.items()})
        self._providers = self._fresh(Scenario(()))

    @property
    def host(self) -> str:
        """The address by which clients on this machine reach the server."""
        return self._host

    @property
    def providers(self) -> Providers[RealClock]:
        """Those of the scenario that plays."""
        return self._providers

    def start(self, scenario: Scenario) -> None:
        """Let clients in, from the running loop, and play `scenario`."""
        self._loop = asyncio.get_running_loop()
        self.play(scenario)

    def play(self, scenario: Scenario) -> None:
        """End what played before, and play `scenario` from the beginning."""
        self._providers.finish()
        self._providers = self._fresh(scenario)
        self._set_gates()

    def stop(self) -> None:
        """End what plays, and let nobody in."""
        self._providers.finish()
        for name in self._gates:
            self._set(name, State.CLOSED)

    def lend(self) -> None:
        """Let another process have the ports that were asked for, until `reclaim`; nothing plays."""
        for name in self._fixed:
            self._gates[name].close()

    def reclaim(self) -> None:
        """Take them again; raise OSError where somebody else has one."""
        for name in self._fixed:
            self._gates[name].reserve()

    def close(self) -> None:
        """Give the ports back."""
        for gate in self._gates.values():
            gate.close()

    def begin(self, call: int) -> None:
        """A call starts."""
        self._providers.begin(call)
        self._set_gates()

    def end(self, call: int) -> None:
        """A call is over."""
        self._providers.end(call)
        self._set_gates()

    def is_own(self, port: int) -> bool:
        """Return whether a provider listens at this port (from any thread)."""
        return any(gate.port == port for gate in self._gates.values())

    def dialled(self, port: int) -> None:
        """The handler is about to connect to a provider: let it in, or fail as the scenario says."""
        name = next(name for name, gate in self._gates.items() if gate.port == port)
        refusal = self._providers.refusal(
            self._providers.sites(self._host, port)[0], {Where.LOOKUP, Where.CONNECT}
        )
        self._set(name, State.OPEN if refusal is None else GATES[refusal.word])
        if refusal is not None:
            refusal.met()

    def _fresh(self, scenario: Scenario) -> Providers[RealClock]:
        return Providers(self.setting, scenario, RealClock(), self._requests_max)

    def _set_gates(self) -> None:
        for name in self._gates:
            faults = (self._providers.down(call, name) for call in sorted(self._providers.active))
            fault = next(filter(None, faults), None)
            self._set(name, State.OPEN if fault is None else GATES[fault])

    def _set(self, name: str, state: State) -> None:
        gate = self._gates[name]

        def connect() -> Served:
            providers = self._providers
            connection = providers.connect(self._host, gate.port)
            if providers.recorder.finished:  # whoever comes now finds that nobody is there any more
                connection.kill()
                providers.disconnect(connection)
            return connection

        gate.set(state, self._loop, lambda: Peer(self._loop, connect, self._set_gates))


def declared_ports(setting: Setting) -> dict[str, int]:
    """Return the ports of the providers that are declared to be at an address of this machine."""
    urls = {name: urlsplit(provider["base_url"]) for name, provider in setting["providers"].items()}
    return {name: url.port for name, url in urls.items() if url.hostname in _HERE and url.port}


def authority(host: str, port: int) -> str:
    """Return host and port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reachable(host: str) -> str:
    """Return the address by which clients on this machine reach a server bound to `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return str(address)
    return LOCALHOST if address.version == 4 else "::1"


def at_ports(setting: Setting, host: str, ports: Mapping[str, int]) -> Setting:
    """Return `setting` with each provider at its port of `host`; the paths stay."""
    providers = {
        name: {
            **provider,
            "base_url": f"http://{authority(host, ports[name])}"
            f"{urlsplit(provider['base_url']).path.rstrip('/')}",
        }
        for name, provider in setting["providers"].items()
    }
    return {**setting, "providers": providers}
