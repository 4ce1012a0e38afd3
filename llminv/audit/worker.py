"""The parent's side of a worker process: a fresh process for a handler, with a real-time limit.

A worker that dies raises, and so does one that exceeds the limit twice: once, the machine may have stood
still. The next `play` starts a new one. What the child writes to its standard error (not what the handler
prints: that is in the history) goes to a file that is read when the child has died.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

import llminv
from llminv.errors import HandlerError
from llminv.handler.errors import shown_file
from llminv.history import History
from llminv.scenario import Scenario
from llminv.simulation.keys import Keys
from llminv.simulation.transport import IN_PROCESS

SCENARIO_LIMIT_S = 10.0
# Importing the SDKs of four providers takes a few seconds on a slow machine.
LOAD_LIMIT_S = 120.0
KILL_GRACE_S = 2.0
_INIT = str(Path(llminv.__file__).resolve())
_PACKAGE = str(Path(_INIT).parent)
_FRAME = re.compile(r'^ *File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
# This very package, under its name and without its folder on the path: beside it stand libraries of
# ours (in site-packages), or the user's project, none of which the handler's environment has to have.
_CODE = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("llminv", sys.argv[3])
sys.modules["llminv"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["llminv"])
from llminv.worker import main
main(int(sys.argv[1]), int(sys.argv[2]))
"""


class ScenarioLimit(Exception):
    """The scenario took longer than the real-time limit, twice; `where` is the traceback of the moment."""

    def __init__(self, limit_s: float, where: str) -> None:
        super().__init__(f"real-time limit of {limit_s:g} s hit")
        self.where = where


class WorkerDied(Exception):
    """The process ended while it played; `where` is what it left on its standard error."""

    def __init__(self, how: str, where: str) -> None:
        super().__init__(how)
        self.where = where


class Killed(BaseException):
    """`Worker.kill` was called; no `Exception`, so that nobody takes it for trouble that the handler made."""


class WorkerCrash(Exception):
    """llminv itself failed in the worker; the message is the traceback."""


class Worker:
    """Plays scenarios in a child process. Use as a context manager; `offers` is known once it is entered."""

    def __init__(
        self,
        setting: Mapping[str, Any],
        spec: str,
        limit_s: float,
        folder: Path | None = None,
        isolation: str = "none",
        transport: str = IN_PROCESS,
        python: Path | None = None,
        path: Sequence[Path] = (),
    ) -> None:
        """Prepare; `setting` is a promise's, hence Any. The handler's spec is relative to `folder`.

        With the isolation "fork" each scenario is played in a fork of the loaded handler. `transport` is
        a name of TRANSPORTS. `python` is the
        interpreter of the environment that has the handler's libraries, which need not have llminv or
        anything that llminv needs; without it, that is the environment of this process. Modules are
        looked for in `folder` first, then in those of `path`.
        """
        # As it is: behind the link that an environment's interpreter is, there is no environment.
        self._python = sys.executable if python is None else str(python.absolute())
        self._setting = setting
        self._order = {
            "setting": setting,
            "handler": spec,
            "path": [str(each) for each in (folder or Path.cwd(), *path)],
            "isolation": isolation,
            "transport": transport,
        }
        self._limit_s = limit_s
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False
        self._errors: IO[bytes]
        self._orders: IO[bytes]
        self._answers_fd = -1
        self._buffer = bytearray()
        self.offers: tuple[str, ...] = ()
        self.unseen: tuple[str, ...] = ()
        self.packages: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def kill(self) -> None:
        """End it, from another thread: whoever plays with it, or is about to, gets Killed."""
        self._is_killed = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def play(self, scenario: Scenario) -> History:
        """Return the history of `scenario`; raise ScenarioLimit or WorkerDied."""
        history, _ = self._play(scenario, None)
        return history

    def play_sabotaged(self, scenario: Scenario, saboteur: str) -> tuple[History, bool]:
        """Return the history of `scenario` with a saboteur in the handler, and whether that one acted."""
        return self._play(scenario, saboteur)

    def _play(self, scenario: Scenario, saboteur: str | None) -> tuple[History, bool]:
        line = f'{{"scenario": {scenario.text}, "saboteur": {json.dumps(saboteur)}}}'
        try:
            answer = self._answer(line)
        except ScenarioLimit:
            answer = self._answer(line)
        return History.from_json(answer["history"]), answer["acted"]

    def _answer(self, line: str) -> dict[str, Any]:
        if self._process is None:
            self._start()
        return self._ask(line, self._limit_s)

    def _start(self) -> None:
        orders_read, orders_write = os.pipe()
        answers_read, answers_write = os.pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _stop
        self._process = self._spawned(orders_read, answers_write)
        os.close(orders_read)
        os.close(answers_write)
        self._orders = os.fdopen(orders_write, "wb")
        self._answers_fd = answers_read
        self._buffer.clear()
        try:
            answer = self._ask(json.dumps(self._order), LOAD_LIMIT_S)
        except (ScenarioLimit, WorkerDied) as error:
            raise HandlerError(
                f"handler {self._order['handler']!r}: {error} while it was loaded", "", error.where
            ) from None
        self.offers = tuple(answer["offers"])
        self.unseen = tuple(answer["unseen"])
        self.packages = answer["packages"]

    def _spawned(self, read_fd: int, write_fd: int) -> subprocess.Popen[bytes]:
        """Return the process that serves these two descriptors."""
        return subprocess.Popen(
            [self._python, "-c", _CODE, str(read_fd), str(write_fd), _INIT],
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
            pass_fds=(read_fd, write_fd),
            cwd=self._folder,
            # Sets of texts are walked in the order of their hashes.
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )

    def _ask(self, line: str, limit_s: float) -> dict[str, Any]:
        if self._is_killed:  # perhaps before there was a process
            raise self._died()
        try:
            self._orders.write(line.encode() + b"\n")
            self._orders.flush()
        except BrokenPipeError:
            raise self._died() from None
        deadline_s = time.monotonic() + limit_s
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._answers_fd], [], [], max(0.0, deadline_s - time.monotonic()))
            if not ready:
                where = self._abort()
                raise ScenarioLimit(limit_s, where)
            data = os.read(self._answers_fd, 1 << 20)
            if not data:
                raise self._died()
            self._buffer += data
        text, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        answer: dict[str, Any] = json.loads(text)
        if "crash" in answer:
            self._stop()
            raise WorkerCrash(Keys(self._setting).clean(answer["crash"]))
        if "error" in answer:
            self._stop()
            raise HandlerError(answer["error"], answer["hint"], answer["traceback"])
        return answer

    def _died(self) -> WorkerDied | Killed:
        if self._is_killed:
            self._stop()
            return Killed()
        process = self._process
        status = 0
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(KILL_GRACE_S)
            if process.poll() is None:  # it lives, and has closed its end
                process.kill()
            status = process.wait()
        how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
        return WorkerDied(f"the handler ended its process ({how})", self._stop())

    def _abort(self) -> str:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGABRT)  # a fork of it may be playing
            try:
                self._process.wait(KILL_GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._stop()

    def _stop(self) -> str:
        """End the process, if there is one, and return what it left on its standard error."""
        process, self._process = self._process, None
        if process is None:
            return ""
        with contextlib.suppress(BrokenPipeError):
            self._orders.close()
        os.close(self._answers_fd)
        try:
            process.wait(KILL_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Whatever the handler started is in the worker's own session and ends with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with self._errors as file:
            file.seek(0)
            return Keys(self._setting).clean(file.read()[-20_000:].decode("utf-8", "replace"))


def with_place(message: str, dump: str) -> str:
    """Return `message` with the handler's innermost frame in a faulthandler dump, which lists it first."""
    frames = [
        (*shown_file(file), line, name)
        for file, line, name in _FRAME.findall(dump)
        if not file.startswith((_PACKAGE, "<"))  # ours, the import system's and that of `python -c`
    ]
    own = next((frame for frame in frames if not frame[1]), frames[0] if frames else None)
    return f"{message}, at {own[0]}:{own[2]} in {own[3]}" if own else message
