"""The child process of an audit: it plays scenarios, and nothing that a handler does can hurt the parent.

Started as `python -c "... main(read_fd, write_fd)"` with two pipes. The first line that comes in is the
order: {"setting": ..., "handler": spec, "path": [folders for sys.path]}; the answer is {"offers": [...]} or
{"error": ..., "hint": ..., "traceback": ...}. After that each line is a scenario and each answer
{"history": ...}. A real-time limit is the parent's affair: it sends SIGABRT, on which `faulthandler` writes
where the handler was to standard error.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
from typing import Any

from llminv.errors import HandlerError
from llminv.runner import Runner
from llminv.scenario import Scenario


def main(read_fd: int, write_fd: int) -> None:
    """Serve one parent until it closes its end."""
    faulthandler.enable(all_threads=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(read_fd, "rb") as orders, os.fdopen(write_fd, "wb") as answers:

        def answer(value: dict[str, Any]) -> None:
            answers.write(json.dumps(value).encode() + b"\n")
            answers.flush()

        order = json.loads(orders.readline())
        sys.path[:0] = order["path"]
        runner = Runner(order["setting"], order["handler"])
        try:
            runner.__enter__()
        except HandlerError as error:
            answer({"error": error.message, "hint": error.hint, "traceback": error.traceback})
            return
        answer({"offers": runner.offers})
        for line in orders:
            answer({"history": runner.play(Scenario.from_json(json.loads(line))).to_json()})
    # Threads and atexit hooks of the handler's libraries have nothing to say any more.
    os._exit(0)
