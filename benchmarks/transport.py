"""The transports: requests through the openai SDK, virtual seconds per real one, and what a scenario costs.

    python benchmarks/transport.py [requests]

The loopback server (as in `llminv serve`) and the plain asyncio server, which answers with the same bytes
and does nothing else, have a process each. On a shared machine a clock on the wall measures the neighbours,
too: the measures take turns, and of each the fastest counts, as with timeit.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import openai

from llminv.audit.worker import Worker
from llminv.contract import Request
from llminv.runner import Runner
from llminv.scenario import DEFAULT_MESSAGES, Act, Call, Scenario, Script
from llminv.simulation.http import HttpRequest, RequestParser
from llminv.simulation.plan import plan
from llminv.simulation.sites import Setting, sites_of
from llminv.simulation.steps import Send

HERE = Path(__file__).resolve()
SETTING: Setting = {
    "providers": {
        "openai": {
            "dialect": "openai-chat",
            "base_url": "http://openai.example/v1",  # without TLS, as over loopback
            "key": "OPENAI_API_KEY",
            "model": "gpt-4o-mini",
        }
    },
    "policy": {},
    "prices": {},
}
TURNS = 5
STALLED_TIMEOUT_S = 30.0
SCENARIOS = 200
MODEL = "gpt-4o-mini"
# How many requests a client makes; its environment says, because it is loaded as a handler, too.
REQUESTS = int(os.environ.get("REQUESTS", "0"))


class Sync:
    """Makes all requests of a measure in one call."""

    def __init__(self) -> None:
        self.client = openai.OpenAI()

    def complete(self, request: Request) -> str:
        """Ask for whole answers."""
        for _ in range(REQUESTS):
            self.ask(request)
        return "done"

    def stream(self, request: Request) -> Iterator[str]:
        """Ask for streams, and read each to its end."""
        for _ in range(REQUESTS):
            for _ in self.client.chat.completions.create(**asked(request), stream=True):
                pass
        yield "done"

    def ask(self, request: Request) -> None:
        """Ask for one whole answer."""
        self.client.chat.completions.create(**asked(request))


class Async:
    """The same without blocking."""

    def __init__(self) -> None:
        self.client = openai.AsyncOpenAI()

    async def acomplete(self, request: Request) -> str:
        """Ask for whole answers."""
        for _ in range(REQUESTS):
            await self.ask(request)
        return "done"

    async def astream(self, request: Request) -> AsyncIterator[str]:
        """Ask for streams, and read each to its end."""
        for _ in range(REQUESTS):
            async for _ in await self.client.chat.completions.create(**asked(request), stream=True):
                pass
        yield "done"

    async def ask(self, request: Request) -> None:
        """Ask for one whole answer."""
        await self.client.chat.completions.create(**asked(request))


def asked(request: Request) -> dict[str, Any]:
    """Return the arguments of the SDK (its own types, hence Any)."""
    return {"model": MODEL, "messages": list(request.messages)}


class Patient(Sync):
    """Waits 30 s for a provider, three times."""

    def __init__(self) -> None:
        self.client = openai.OpenAI(timeout=STALLED_TIMEOUT_S, max_retries=2)

    def complete(self, request: Request) -> str:
        """Fail."""
        self.ask(request)
        return ""


class PatientAsync(Async):
    """The same without blocking."""

    def __init__(self) -> None:
        self.client = openai.AsyncOpenAI(timeout=STALLED_TIMEOUT_S, max_retries=2)

    async def acomplete(self, request: Request) -> str:
        """Fail."""
        await self.ask(request)
        return ""


class Nothing:
    """Takes no time of its own."""

    def complete(self, request: Request) -> str:
        """Answer at once."""
        del request
        return "nothing"


OPERATIONS = {"complete": Sync, "acomplete": Async, "stream": Sync, "astream": Async}


# Requests per second


def rates(requests: int) -> None:
    """Print requests per second over each transport, and their ratios to the plain server."""
    print("requests per second         in-process  loopback server  plain server")
    with _process("serve") as serving, _process("plain") as plainly:
        for operation, client in OPERATIONS.items():
            turns = [
                (
                    _simulated(operation, client),
                    _real(operation, client, serving),
                    _real(operation, client, plainly),
                )
                for _ in range(TURNS)
            ]
            best = [requests / min(turn[at] for turn in turns) for at in range(3)]
            cells = [f"{rate:.0f} ({rate / best[2]:.2f})" for rate in best]
            print(f"{operation:<24}{cells[0]:>14}{cells[1]:>17}{cells[2]:>14}")


def _simulated(operation: str, client: type) -> float:
    with Runner(SETTING, f"{HERE}:{client.__name__}") as runner:
        started_s = time.perf_counter()
        history = runner.play(Scenario((Call(operation),)))
        took_s = time.perf_counter() - started_s
    attempts = history.attempts(0)
    if len(attempts) != REQUESTS or any(attempt.status != 200 for attempt in attempts):
        raise AssertionError(history.outcome(0))
    return took_s


def _real(operation: str, client: type, base_url: str) -> float:
    os.environ |= {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "k"}
    started_s = time.perf_counter()
    result = getattr(client(), operation)(Request(DEFAULT_MESSAGES))
    if operation == "stream":
        next(result)
    elif operation != "complete":
        asyncio.run(_awaited(result))
    return time.perf_counter() - started_s


async def _awaited(result: Any) -> str:
    """Await a coroutine, or read an async iterator (Any: either)."""
    if not hasattr(result, "__aiter__"):
        return str(await result)
    return "".join([text async for text in result])


# The servers, in processes of their own


@contextlib.contextmanager
def _process(name: str) -> Iterator[str]:
    """Run a server of this file; yield its base URL."""
    command = [sys.executable, str(HERE), f"--{name}"]  # ours
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def serve() -> None:
    """Be the loopback server."""
    from llminv.simulation.loopback.server import LoopbackServer

    async def main() -> None:
        server = LoopbackServer(SETTING, requests_max=None)
        server.start(Scenario((Call("complete"),)))
        server.begin(0)
        print(server.setting["providers"]["openai"]["base_url"], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


class Plain(asyncio.Protocol):
    """Sends the bytes of an answer for each request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = transport
        self.parser = RequestParser()

    def data_received(self, data: bytes) -> None:
        """Answer what is a request."""
        assert isinstance(self.transport, asyncio.Transport)
        for request in self.parser.feed(data):
            for piece in ANSWERS[b'"stream":true' in request.body]:
                self.transport.write(piece)


def _answers() -> dict[bool, list[bytes]]:
    """Return the pieces of the plain and of the streamed answer, as the simulation sends them."""
    site = next(site for site in sites_of(SETTING) if site.provider == "openai")
    found = {}
    for stream in (False, True):
        body = json.dumps({"model": MODEL, "messages": list(DEFAULT_MESSAGES), "stream": stream}).encode()
        request = HttpRequest("POST", "/v1/chat/completions", (), body)
        parsed = site.dialect.parse(request)
        assert parsed is not None
        steps = plan(site, request, parsed, Act(), "Hello from openai to call 0.", 0.0).steps
        found[stream] = [step.data for step in steps if isinstance(step, Send)]
    return found


ANSWERS = _answers()


def plain() -> None:
    """Be the plain server."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Plain, "127.0.0.1", 0)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
        await server.serve_forever()

    asyncio.run(main())


# Virtual time, and the cost of a scenario


def virtual_time() -> None:
    """Print how many virtual seconds of stalling providers pass in a real one."""
    for name, operation in (("Patient", "complete"), ("PatientAsync", "acomplete")):
        scenario = Scenario((Call(operation),), (Script(0, "openai", then=Act("no_answer")),))
        with Runner(SETTING, f"{HERE}:{name}") as runner:
            ended_at_s = runner.play(scenario).ended_at_s
            wall_s, cpu_s = _each(partial(runner.play, scenario))
        print(
            f"{name:<14}{ended_at_s / wall_s:8.0f} virtual seconds per second on the wall, "
            f"{ended_at_s / cpu_s:.0f} per CPU second ({ended_at_s:.0f} s a play)"
        )


def overhead() -> None:
    """Print what a scenario costs with a handler that takes no time."""
    scenario = Scenario((Call("complete"),))
    spec = f"{HERE}:Nothing"
    with Runner(SETTING, spec) as runner:
        here = _each(partial(runner.play, scenario))
    with Worker(SETTING, spec, 60.0) as worker:
        there = _each(partial(worker.play, scenario))
    with Worker(SETTING, spec, 60.0, None, "fork") as worker:
        forked = _each(partial(worker.play, scenario))
    with Worker(SETTING, spec, 60.0, None, "none", "loopback") as worker:
        loopback = _each(partial(worker.play, scenario))
    for what, (wall_s, _) in (
        ("in this process", here),
        ("in a worker", there),
        ("in a fork of a worker", forked),
        ("in a worker, over loopback", loopback),
    ):
        print(f"{what:<28}{wall_s * 1000:7.2f} ms a scenario")


def _each(play: Callable[[], object]) -> tuple[float, float]:
    """Return the shortest time on the wall, and the median of this process's CPU seconds."""
    walls, cpus = [], []
    for _ in range(SCENARIOS):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        play()
        walls.append(time.perf_counter() - wall_s)
        cpus.append(time.process_time() - cpu_s)
    return min(walls), statistics.median(cpus)


def main(requests: int) -> None:
    """Print all three tables."""
    global REQUESTS  # noqa: PLW0603 - of this module, and of the one that a runner loads from this file
    REQUESTS = requests
    os.environ["REQUESTS"] = str(requests)
    rates(requests)
    os.environ["REQUESTS"] = "1"
    virtual_time()
    overhead()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve()
    elif "--plain" in sys.argv:
        plain()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
