"""The providers of one scenario, whatever carries their bytes: in-process world or loopback server.

Counts attempts per call and provider, looks the act up in the scenario, plans the response and records
everything. It knows no sockets, and of time only what `Time` says: virtual in one transport, real in the
other. Nothing here is safe to call from two threads at once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from llminv.history import UNKNOWN_ROUTE, ConnectFailed, RealRefused
from llminv.scenario import Act, Scenario, default_text
from llminv.simulation.clock import Time
from llminv.simulation.faults import FAULTS, Where
from llminv.simulation.http import HttpRequest
from llminv.simulation.network import Connection, Exchange, url_of
from llminv.simulation.plan import plan
from llminv.simulation.recorder import Recorder
from llminv.simulation.sites import Setting, Site, choose, sites_of
from llminv.simulation.steps import Close, Send, respond
from llminv.simulation.wire import Carrier, Wire, carry

AnyTime_co = TypeVar("AnyTime_co", bound=Time, covariant=True)

# What the runner adds to a call's prompt, by which requests of concurrent calls are told apart.
_MARKER = re.compile(rb"llminv-call-(\d+)")
# More requests than any chain of providers with retries needs: a handler beyond it does not end.
REQUESTS_MAX = 1_000
# How long a connection attempt goes unanswered before Linux gives up (tcp_syn_retries = 6).
CONNECT_GIVE_UP_S = 127.0
# What a provider's token-counting endpoint counts: any rule will do that a handler cannot guess.
BYTES_PER_TOKEN = 3

current_call: ContextVar[int] = ContextVar("llminv_current_call", default=-1)


def marker(call: int) -> str:
    """Return the mark of call number `call` that stands in its prompt."""
    return f"llminv-call-{call}"


@dataclass(frozen=True)
class Refusal:
    """A connection attempt that fails after `after_s`: name_not_found, connection_refused or connect_timeout.

    `met` is to be called when the handler's side has met it, be it that it gave up before.
    """

    word: str
    after_s: float
    met: Callable[[], None]


class Providers(Generic[AnyTime_co]):
    """See the head of this file. `finish` must be called when the scenario is over."""

    def __init__(
        self,
        setting: Setting,
        scenario: Scenario,
        clock: AnyTime_co,
        requests_max: int | None = REQUESTS_MAX,
    ) -> None:
        """Begin `scenario`; after `requests_max` requests (None: any number) its clock is stopped."""
        self.scenario = scenario
        self.clock = clock
        tenants = sorted({call.tenant for call in scenario.calls if call.tenant is not None})
        self.recorder = Recorder(setting, clock, tenants)
        self.active: set[int] = set()
        self._connections: list[Connection[Self]] = []
        self._attempts: dict[tuple[int, str], int] = defaultdict(int)
        self._requests = 0
        self._requests_max = requests_max
        self.carrier: Carrier = carry
        self._sites: dict[tuple[str, int], list[Site]] = defaultdict(list)
        for site in sites_of(setting):
            self._sites[site.host, site.port].append(site)

    # Calls

    def begin(self, call: int) -> None:
        """A call starts: idle connections to a provider that is down for it are dropped first."""
        self.active.add(call)
        for connection in self._connections:
            if connection.idle and any(
                self.down(call, site.provider) for site in self.sites(connection.host, connection.port)
            ):
                connection.drop()

    def end(self, call: int) -> None:
        """A call is over."""
        self.active.discard(call)

    def finish(self) -> None:
        """The scenario is over: whoever was left waiting has met what it waited for, and all ends."""
        for connection in self._connections:
            if not connection.closed:
                connection.give_up()
            connection.kill()
        self.recorder.finished = True

    # Connections

    def sites(self, host: str, port: int) -> list[Site]:
        """Return the sites at an address: none, one, or several that differ in their paths."""
        return self._sites.get((host, port), [])

    def connect(self, host: str, port: int) -> Connection[Self]:
        """Return a new connection to a place where there are sites."""
        connection = Connection(self, host, port)
        self._connections.append(connection)
        return connection

    def disconnect(self, connection: Connection[Providers[Time]]) -> None:
        """Forget a connection that is gone."""
        self._connections = [kept for kept in self._connections if kept is not connection]

    def refusal(self, site: Site, places: Collection[Where]) -> Refusal | None:
        """Return how the next attempt at `site` fails, if it fails in one of `places`; then it is counted."""
        call = self.call_of(b"")
        attempt = self._attempts[call, site.provider]
        fault = self.scenario.script(call, site.provider).act(attempt).fault
        if fault is None or FAULTS[fault].where not in places:
            return None
        self._count_request()
        self._attempts[call, site.provider] += 1
        since_s = self.clock.now_s
        met = False

        def meet() -> None:
            nonlocal met
            if not met:
                met = True
                self.recorder.add(
                    ConnectFailed,
                    call=call,
                    provider=site.provider,
                    attempt=attempt,
                    fault=fault,
                    host=site.host,
                    since_s=since_s if since_s != self.clock.now_s else None,
                )

        return Refusal(fault, CONNECT_GIVE_UP_S if fault == "connect_timeout" else 0.0, meet)

    def refuse_real(self, library: str, what: str) -> None:
        """Record that something tried to get past the simulation."""
        self.recorder.add(RealRefused, call=self.call_of(b""), library=library, what=what)

    def down(self, call: int, provider: str) -> str | None:
        """Return the fault for which `call` cannot connect to `provider` next, or None where it can."""
        fault = self.scenario.script(call, provider).act(self._attempts[call, provider]).fault
        return fault if fault is not None and FAULTS[fault].before_request else None

    # Requests

    def serve(self, connection: Connection[Self], request: HttpRequest) -> None:
        """Hand a request that `connection` has read whole to the carrier."""
        self._count_request()
        site = choose(self.sites(connection.host, connection.port), request.path)
        if site is None:  # nobody makes such a connection
            raise AssertionError(f"no site on {connection.host}:{connection.port}")
        self.carrier(Wire(self, connection, site, request))

    def answer(self, connection: Connection[Providers[Time]], site: Site, request: HttpRequest) -> None:
        """Let `site` answer a request on `connection`, and record that it has received it."""
        parsed = site.dialect.parse(request)
        call = self.call_of(request.body)
        url = url_of(connection.port, connection.host, request)
        now_ns = self.clock.now_ns
        if parsed is None or parsed.operation == "count_tokens":
            # Neither consumes an act: the scenario is about what completes.
            self.recorder.request(
                request,
                url,
                call=call,
                provider=site.provider,
                attempt=-1,
                model=None if parsed is None else parsed.model,
                fault=UNKNOWN_ROUTE if parsed is None else None,
            )
            counted = site.dialect.counted(len(request.body) // BYTES_PER_TOKEN)
            response = site.dialect.error("not_found") if parsed is None else counted
            connection.put(respond(response), Exchange(call, site.provider, -1, None, now_ns))
            return
        act = self.act(call, site.provider)
        attempt = self._attempts[call, site.provider]
        self._attempts[call, site.provider] += 1
        self.recorder.request(
            request,
            url,
            call=call,
            provider=site.provider,
            attempt=attempt,
            model=parsed.model,
            fault=act.fault,
        )
        text = default_text(site.provider, call)
        planned = plan(site, request, parsed, act, text, self.clock.now_s)
        steps = planned.steps
        end = steps[-1] if steps else None
        if isinstance(end, Send) and end.last and self.down(call, site.provider):
            # The next attempt must not get through on this connection: the provider goes down after it.
            steps += (Close(),)
        connection.put(steps, Exchange(call, site.provider, attempt, planned.fault, now_ns))

    def act(self, call: int, provider: str) -> Act:
        """Return what `provider` does to the next request of `call` that reaches it."""
        act = self.scenario.script(call, provider).act(self._attempts[call, provider])
        if provider in self.scenario.unset:
            return Act("key_rejected")  # whatever the handler sends, it is no key
        if act.fault is not None and FAULTS[act.fault].before_request:
            # The request came over a connection that was open before the provider went down.
            return Act("connection_reset")
        return act

    def _count_request(self) -> None:
        self._requests += 1
        if self._requests_max is not None and self._requests > self._requests_max:
            raise self.clock.stop("flood", f"more than {self._requests_max} requests")

    def call_of(self, body: bytes) -> int:
        """Return the call that a request with this body (or none) is made for, or -1 where nothing tells."""
        found = _MARKER.findall(body)
        if found:
            return int(found[-1])
        call = current_call.get()
        if call >= 0:
            return call
        return next(iter(self.active)) if len(self.active) == 1 else -1
