"""The loopback server in a thread of its own, beside the handler that it serves."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from llminv.scenario import Scenario
from llminv.simulation.loopback.server import LoopbackServer

P = ParamSpec("P")
T = TypeVar("T")


class ServerThread:
    """Runs `server` from `start` to `stop`, any number of times. Every method is for other threads."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is this one."""
        return threading.current_thread() is self._thread

    def start(self, scenario: Scenario) -> None:
        """Start the thread and play `scenario`; return when clients can connect."""
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(scenario, started), name="llminv loopback server", daemon=True
        )
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self._thread = None
            raise

    def stop(self) -> None:
        """End what plays and the thread."""
        if self._thread is not None:
            self.call(self.server.stop)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._thread = None

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the server on its loop, in the caller's context; return its result."""
        if self._thread is None:
            raise RuntimeError("the loopback server does not run")
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(function(*args, **kwargs))
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run, context=contextvars.copy_context())
        return done.result()

    def _run(self, scenario: Scenario, started: Future[None]) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self.server.start(scenario)

        with asyncio.Runner() as runner:
            try:
                runner.run(main())
            except BaseException as error:
                started.set_exception(error)
                return
            started.set_result(None)
            runner.get_loop().run_forever()
