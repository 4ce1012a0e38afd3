"""The control endpoint: how a client of any language sets the scenario and reads back what happened.

Plain HTTP, JSON in and out, on a port of its own. `ROUTES` is the whole of it; in short:

    curl -X PUT $CONTROL/scenario -d '{"calls": [{"operation": "complete"}],
        "acts": [{"call": 0, "provider": "openai", "then": {"fault": "http_429"}}]}'
    ... let the program under test make its call ...
    curl -X POST $CONTROL/calls/0/end
    curl         $CONTROL/history

A scenario begins anew with every PUT, its call 0 at once. The requests of several calls are told apart by
the text `llminv-call-N` in the prompt, or else by which single call has begun and not ended. A provider
that refuses connections does so until the call ends: what is refused cannot be seen, nor counted. Wherever
something cannot be done, the status is 4xx and the answer {"error": "..."}.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from llminv.history import CallStarted, History
from llminv.scenario import Scenario
from llminv.simulation.http import BadRequestError, HttpRequest, RequestParser, Response
from llminv.simulation.loopback.reading import read_scenario
from llminv.simulation.loopback.server import LoopbackServer
from llminv.simulation.sites import environment

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "GET /": "base URLs and environment of the providers, and the scenario that plays",
        "PUT /scenario": "play this scenario from the beginning, its call 0 having begun",
        "POST /calls/N/begin": "call N begins",
        "POST /calls/N/end": "call N is over",
        "GET /history": "what has happened so far",
    }
)
_CALL = re.compile(r"/calls/(\d{1,6})/(begin|end)")

# JSON, hence Any.
Json = Any


class Control:
    """Answers control requests; it belongs to the thread of the server's loop."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server

    def play(self, scenario: Scenario) -> None:
        """Play `scenario` from the beginning; its first call begins at once."""
        self._server.play(scenario)
        if scenario.calls:
            self._begin(0)

    def answer(self, request: HttpRequest) -> Response:
        """Return the response to `request`."""
        call = _CALL.fullmatch(request.path)
        if request.method == "GET" and request.path == "/":
            return _json(200, self.summary())
        if request.method == "GET" and request.path == "/history":
            return _json(200, self._history().to_json())
        if request.method == "PUT" and request.path == "/scenario":
            return self._put(request)
        if request.method == "POST" and call is not None:
            return self._call(int(call[1]), self._begin if call[2] == "begin" else self._server.end)
        routes = ", ".join(ROUTES)
        return _json(404, {"error": f"{request.method} {request.path} is none of {routes}"})

    def summary(self) -> Json:
        """Return where the providers are, what clients are to find in their environment, and the scenario."""
        setting = self._server.setting
        return {
            "providers": {name: provider["base_url"] for name, provider in setting["providers"].items()},
            "environment": environment(setting),
            "scenario": self._server.providers.scenario.to_json(),
        }

    def _put(self, request: HttpRequest) -> Response:
        try:
            scenario = read_scenario(json.loads(request.body), self._server.setting["providers"])
        except (ValueError, RecursionError) as error:
            return _json(400, {"error": str(error)})
        self.play(scenario)
        return _json(200, self.summary())

    def _call(self, call: int, change: Callable[[int], None]) -> Response:
        calls = len(self._server.providers.scenario.calls)
        if call >= calls:
            return _json(404, {"error": f"there is no call {call}: the scenario has {calls}"})
        change(call)
        return _json(200, {"active": sorted(self._server.providers.active)})

    def _begin(self, call: int) -> None:
        providers = self._server.providers
        if call not in providers.active:
            self._server.begin(call)
            operation = providers.scenario.calls[call].operation
            providers.recorder.add(CallStarted, call=call, operation=operation)

    def _history(self) -> History:
        providers = self._server.providers
        return History(events=providers.recorder.events(), ended_at_s=providers.clock.now_s)


class ControlProtocol(asyncio.Protocol):
    """One connection to the control endpoint."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._parser = RequestParser()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.WriteTransport)  # of a stream socket
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is a request; hang up on what is none."""
        try:
            for request in self._parser.feed(data):
                self._transport.write(self._control.answer(request).encode())
        except BadRequestError as error:
            self._transport.write(_json(400, {"error": str(error)}).encode())
            self._transport.close()


def _json(status: int, value: Json) -> Response:
    body = json.dumps(value, indent=2).encode() + b"\n"
    return Response(status, (("content-type", "application/json"),), body)
