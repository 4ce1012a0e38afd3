"""The child process of an audit: it plays scenarios, and nothing that a handler does can hurt the parent.

Started as `python -c "... main(read_fd, write_fd)"` with two pipes. The first line that comes in is the
order: {"setting": ..., "handler": spec, "path": [folders for sys.path], "isolation": "none" or "fork",
"transport": a name of TRANSPORTS}; the answer is {"offers": [...], "unseen": [...], "packages": {the version
of each library that a ready adapter is for}} or {"error": ..., "hint": ..., "traceback": ...}. After that
each line is {"scenario": ..., "saboteur": the name of one who is to be at work in it, or null} and each
answer {"history": ..., "acted": whether that one was}, or {"crash": traceback} where llminv itself failed. A
real-time limit is the parent's affair: it sends SIGABRT, on which `faulthandler` writes where the handler was
to standard error.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterable
from typing import IO, Any

from llminv.errors import HandlerError
from llminv.handler.adapters import adapter_of
from llminv.handler.adapters.installed import versions
from llminv.runner import Runner
from llminv.saboteurs import SABOTEURS
from llminv.saboteurs.interface import Plant
from llminv.scenario import Scenario
from llminv.simulation.guard import unseen_libraries

# linux/prctl.h
_PR_SET_PDEATHSIG = 1


def main(read_fd: int, write_fd: int) -> None:
    """Serve one parent until it closes its end."""
    _end_with_parent()
    faulthandler.enable(all_threads=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(read_fd, "rb") as orders, os.fdopen(write_fd, "wb") as answers:
        try:
            _serve(orders, answers)
        except HandlerError as error:
            _answer(answers, {"error": error.message, "hint": error.hint, "traceback": error.traceback})
        except Exception:
            # Handlers raise nothing out of a play: this is llminv's own.
            _answer(answers, {"crash": traceback.format_exc()})
        # Threads and atexit hooks of the handler's libraries have nothing to say any more.
        os._exit(0)


def _end_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, however that dies: a handler may loop for ever."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(orders: Iterable[bytes], answers: IO[bytes]) -> None:
    lines = iter(orders)
    order = json.loads(next(lines))
    sys.path[:0] = order["path"]
    adapter = adapter_of(order["handler"])
    if adapter is not None and adapter.transport not in ("", order["transport"]):
        raise HandlerError(
            f"{order['handler']} cannot be reached over the transport {order['transport']}",
            f"`llminv run` takes {adapter.transport} for it, `llminv replay` what a bug was found over",
        )
    play = _play_forked if order["isolation"] == "fork" else _play
    with Runner(order["setting"], order["handler"], transport=order["transport"]) as runner:
        packages = versions(adapter.needs) if adapter is not None else {}
        _answer(answers, {"offers": runner.offers, "unseen": unseen_libraries(), "packages": packages})
        for line in lines:
            asked = json.loads(line)
            name = asked["saboteur"]
            plant = None if name is None else SABOTEURS[name].plant(order["setting"])
            play(runner, Scenario.from_json(asked["scenario"]), plant, answers)


def _play(runner: Runner, scenario: Scenario, plant: Plant | None, answers: IO[bytes]) -> None:
    history = runner.play(scenario, plant)
    _answer(answers, {"history": history.to_json(), "acted": plant is not None and plant.acted})


def _play_forked(runner: Runner, scenario: Scenario, plant: Plant | None, answers: IO[bytes]) -> None:
    """Play in a fork of the loaded handler; how the fork ends is how this process ends, unless it is well.

    Libraries load parts of themselves when they are first needed. The fork says which modules it has
    loaded beyond those of this process, which loads them too: the next forks have them from the start.
    """
    read_fd, write_fd = os.pipe()
    child = os.fork()
    if child == 0:
        before = set(sys.modules)
        runner.after_fork()
        _play(runner, scenario, plant, answers)
        os.write(write_fd, json.dumps([name for name in sys.modules if name not in before]).encode() + b"\n")
        os._exit(0)
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as loaded:
        line = loaded.readline()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    elif os.WEXITSTATUS(status):
        os._exit(os.WEXITSTATUS(status))
    runner.load(json.loads(line or b"[]"))


def _answer(answers: IO[bytes], value: dict[str, Any]) -> None:
    """Send one line (Any: JSON)."""
    answers.write(json.dumps(value).encode() + b"\n")
    answers.flush()
