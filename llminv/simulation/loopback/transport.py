"""The loopback server as a runner's transport: the handler runs in real time, with real sockets.

Nothing of the process is replaced. A guard watches what Python code asks of the network: connections to
this machine pass, after the server was told of those to providers; anything else is refused. Programs
may be started: a gateway that runs as one is what this transport is for.
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from collections.abc import Iterator
from typing import Any

from llminv.errors import HandlerError
from llminv.history import HostRefused
from llminv.scenario import Scenario
from llminv.simulation.clock import Time
from llminv.simulation.guard import watched
from llminv.simulation.loopback.server import LoopbackServer
from llminv.simulation.loopback.thread import ServerThread
from llminv.simulation.sites import Setting

# Audit events of the interpreter that reach for another machine, and where their arguments name it.
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
ADVICE = "over loopback, providers are reached at the base URLs in the environment and in the World only"


class HostRefusedError(ConnectionRefusedError):
    """The guard's refusal, as an error that network code knows how to handle."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"llminv refused {host}:{port}; {ADVICE}")


class LoopbackStage:
    """A scenario on the server (`llminv.simulation.transport.Stage`)."""

    def __init__(self, thread: ServerThread) -> None:
        providers = thread.server.providers
        self.scenario = providers.scenario
        self.recorder = providers.recorder
        self.active = providers.active
        self.clock: Time = providers.clock
        self._thread = thread
        self._finish = providers.finish
        self._call_of = providers.call_of

    def begin(self, call: int) -> None:
        """A call starts."""
        self._thread.call(self._thread.server.begin, call)

    def end(self, call: int) -> None:
        """A call is over."""
        self._thread.call(self._thread.server.end, call)

    def wait(self, seconds: float, why: str) -> None:
        """Block the calling thread for so long."""
        del why
        time.sleep(seconds)

    def finish(self) -> None:
        """The scenario is over."""
        self._thread.call(self._finish)

    def watch(self, event: str, args: tuple[Any, ...]) -> None:
        """Tell the server of connections to providers, and refuse those to other machines.

        Called by the interpreter, in any thread (args: those of its audit event, hence Any).
        """
        if event not in _CONNECTING | _LOOKING_UP or self._thread.is_current:
            return
        host, port = _address(event, args)
        if not _is_here(host):
            self.recorder.add(HostRefused, call=self._call_of(b""), host=host, port=port)
            raise HostRefusedError(host, port)
        if event == "socket.connect" and self._thread.server.is_own(port):
            self._thread.call(self._thread.server.dialled, port)


class Loopback:
    """The loopback server in a thread beside the handler (`llminv.simulation.transport.Transport`).

    Ports that are declared belong to whoever plays: a replay in a fresh process needs the same ones.
    """

    def __init__(self, setting: Setting) -> None:
        with _ports_needed():
            self._server = LoopbackServer(setting)
        self._server.lend()
        self.setting = self._server.setting

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Keep the ports."""
        try:
            yield
        finally:
            self._server.close()

    @contextlib.contextmanager
    def playing(self, scenario: Scenario) -> Iterator[LoopbackStage]:
        """Let the server run. It does not between two scenarios, so that the process can fork."""
        with _ports_needed():
            self._server.reclaim()
        thread = ServerThread(self._server)
        thread.start(scenario)
        stage = LoopbackStage(thread)
        try:
            with watched(stage.watch):
                yield stage
        finally:
            thread.stop()
            self._server.lend()

    @contextlib.contextmanager
    def cleaning_up(self) -> Iterator[None]:
        """Nothing has to be done: time goes on by itself."""
        yield

    def after_fork(self) -> None:
        """Nothing has to be done: no thread runs, and the ports are this process's as well."""


@contextlib.contextmanager
def _ports_needed() -> Iterator[None]:
    """Turn the error of a port that cannot be had into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise HandlerError(
            f"a provider cannot be served at the port of its base URL: {error.strerror or error}",
            "end what listens there (`llminv serve`, another run), or declare another base_url",
        ) from None


def _address(event: str, args: tuple[Any, ...]) -> tuple[str, int]:
    """Return where an audit event reaches; an address that is no pair is a path on this machine."""
    if event in _CONNECTING:
        address = args[1]
        return (str(address[0]), int(address[1])) if isinstance(address, tuple) else ("", 0)
    host = args[0].decode("ascii", "replace") if isinstance(args[0], bytes) else args[0]
    port = args[1] if len(args) > 1 else 0
    return host or "", port if isinstance(port, int) else 0


def _is_here(host: str) -> bool:
    """Return whether a host, by name or address, is this machine."""
    if host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
