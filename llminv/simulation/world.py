"""One simulated world: a scenario's providers, on their hosts, on one virtual clock.

The world answers three questions of the front ends: what a host name resolves to (`lookup`), what
becomes of a connection attempt (`dial`) and what a provider does to a request (`serve`). It counts
attempts per call and provider, looks the act up in the scenario, and records everything.
"""

from __future__ import annotations

import ipaddress
import random
import re
from collections import defaultdict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from llminv.history import UNKNOWN_ROUTE, ConnectFailed, HostRefused, RealRefused
from llminv.scenario import Act, Scenario, default_text
from llminv.simulation.clock import SECOND_NS, Clock
from llminv.simulation.faults import FAULTS, Where
from llminv.simulation.http import HttpRequest
from llminv.simulation.network import Connection, Exchange, url_of
from llminv.simulation.plan import Close, Send, plan, respond
from llminv.simulation.recorder import Recorder
from llminv.simulation.sites import Setting, Site, choose, sites_of
from llminv.simulation.threads import the_scheduler

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


class World:
    """See the head of this file. `finish` must be called when the scenario is over."""

    def __init__(self, setting: Setting, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = Clock()
        self.recorder = Recorder(setting, self.clock)
        self.active: set[int] = set()
        self.entropy = random.Random(scenario.seed)
        self._connections: list[Connection] = []
        self._attempts: dict[tuple[int, str], int] = defaultdict(int)
        self._requests = 0
        self._sites: dict[tuple[str, int], list[Site]] = defaultdict(list)
        for site in sites_of(setting):
            self._sites[site.host, site.port].append(site)
        self._addresses: dict[str, str] = {}
        self._names: dict[str, str] = {}

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

    # Calls

    def begin(self, call: int) -> None:
        """A call starts: idle connections to a provider that is down for it are dropped first."""
        self.active.add(call)
        for connection in self._connections:
            sites = self._sites.get((connection.host, connection.port), [])
            if connection.idle and any(self._down(call, site.provider) for site in sites):
                connection.drop()

    def end(self, call: int) -> None:
        """A call is over."""
        self.active.discard(call)

    def finish(self) -> None:
        """The scenario is over: whoever was left waiting has met what it waited for, and all ends."""
        for connection in self._connections:
            if not connection.closed:
                connection.give_up(at_once=self.clock.stopped is not None)
            connection.kill()
        self.recorder.finished = True

    # Names and connections

    def lookup(self, host: str) -> str | Refusal:
        """Return the address of `host`, or why it has none."""
        name = host.lower().rstrip(".")
        try:
            return str(ipaddress.ip_address(name))
        except ValueError:
            pass
        for site in self._sites_named(name):
            refusal = self._refusal(site, Where.LOOKUP)
            if refusal is not None:
                return refusal
        if name == "localhost":
            return "127.0.0.1"
        if name not in self._addresses:
            address = f"240.0.{len(self._addresses) // 250}.{len(self._addresses) % 250 + 1}"
            self._addresses[name] = address
            self._names[address] = name
        return self._addresses[name]

    def dial(self, host: str, port: int) -> Connection | Refusal:
        """Return a connection to `host` (a name or an address), or why there is none."""
        name = self._names.get(host, host.lower().rstrip("."))
        sites = self._sites.get((name, port)) or (
            self._sites.get(("localhost", port)) if name == "127.0.0.1" else None
        )
        if not sites:
            call = self._call_of(b"")
            return Refusal(
                "connection_refused",
                0.0,
                lambda: self.recorder.add(HostRefused, call=call, host=name, port=port),
            )
        refusal = self._refusal(sites[0], Where.CONNECT)
        if refusal is not None:
            return refusal
        connection = Connection(self, sites[0].host, port)
        self._connections.append(connection)
        return connection

    def _sites_named(self, name: str) -> list[Site]:
        return [site for (host, _), sites in self._sites.items() if host == name for site in sites[:1]]

    def _refusal(self, site: Site, where: Where) -> Refusal | None:
        call = self._call_of(b"")
        attempt = self._attempts[call, site.provider]
        act = self.scenario.script(call, site.provider).act(attempt)
        if act.fault is None or FAULTS[act.fault].where is not where:
            return None
        self._count_request()
        self._attempts[call, site.provider] += 1
        met = False
        fault = act.fault

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
                )

        return Refusal(fault, CONNECT_GIVE_UP_S if fault == "connect_timeout" else 0.0, meet)

    def refuse_real(self, library: str, what: str) -> None:
        """Record that something tried to get past this world."""
        self.recorder.add(RealRefused, call=self._call_of(b""), library=library, what=what)

    # Requests

    def serve(self, connection: Connection, request: HttpRequest) -> None:
        """Let a provider answer a request that `connection` has read whole."""
        self._count_request()
        site = choose(self._sites[connection.host, connection.port], request.path)
        if site is None:  # dial() made no such connection
            raise AssertionError(f"no site on {connection.host}:{connection.port}")
        parsed = site.dialect.parse(request)
        call = self._call_of(request.body)
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
        attempt = self._attempts[call, site.provider]
        self._attempts[call, site.provider] += 1
        act = self._act(call, site.provider, attempt)
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
        if steps and isinstance(steps[-1], Send) and self._down(call, site.provider):
            # The next attempt must not get through on this connection: the provider goes down after it.
            steps += (Close(),)
        connection.put(steps, Exchange(call, site.provider, attempt, planned.fault, now_ns))

    def _act(self, call: int, provider: str, attempt: int) -> Act:
        act = self.scenario.script(call, provider).act(attempt)
        if act.fault is not None and FAULTS[act.fault].before_request:
            # The request came over a connection that was open before the provider went down.
            return Act("connection_reset")
        return act

    def _down(self, call: int, provider: str) -> bool:
        act = self.scenario.script(call, provider).act(self._attempts[call, provider])
        return act.fault is not None and FAULTS[act.fault].before_request

    def _count_request(self) -> None:
        self._requests += 1
        if self._requests > REQUESTS_MAX:
            raise self.clock.stop("flood", f"more than {REQUESTS_MAX} requests")

    def _call_of(self, body: bytes) -> int:
        found = _MARKER.findall(body)
        if found:
            return int(found[-1])
        call = current_call.get()
        if call >= 0:
            return call
        return next(iter(self.active)) if len(self.active) == 1 else -1
