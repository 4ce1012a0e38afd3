"""Workers that are forks of the process of the tests, in which the SDKs of the example are loaded once.

A test of many small handlers on top of the example would spend most of its time on the same imports. The handler
itself is loaded in the fork, which has the simulation, the descriptors and the session of a worker of its own.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import subprocess
import sys
import time
import warnings
from functools import cache
from pathlib import Path

from llminv import worker
from llminv.audit.worker import Worker

EXAMPLES = Path(__file__).parents[2] / "examples"
POLL_S = 0.001


class Fork:
    """What a Worker asks of its `subprocess.Popen`, of a fork that runs `serve`."""

    def __init__(self, serve):
        self.returncode = None
        with warnings.catch_warnings():
            # The threads of pytest-xdist are not in the fork, nor needed there.
            warnings.simplefilter("ignore")
            self.pid = os.fork()
        if self.pid == 0:
            try:
                serve()
            finally:
                os._exit(1)

    def poll(self):
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self, timeout=float("inf")):
        ends_at_s = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > ends_at_s:
                raise subprocess.TimeoutExpired("a fork", timeout)
            time.sleep(POLL_S)
        return self.returncode

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)


class ForkedWorker(Worker):
    """A worker like any other, but for how its process begins."""

    def _spawned(self, read_fd, write_fd):
        load_example()

        def serve():
            os.setsid()
            os.chdir(self._folder or Path.cwd())
            with Path(os.devnull).open() as nothing:
                os.dup2(nothing.fileno(), 0)
            for standard in (1, 2):
                os.dup2(self._errors.fileno(), standard)
            kept = sorted((0, 1, 2, read_fd, write_fd))
            for below, above in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
                os.closerange(below + 1, above)  # another worker's end would keep that one alive
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            warnings.simplefilter("ignore")  # what fails a test is none of a handler's business
            worker.main(read_fd, write_fd)

        return Fork(serve)


@cache
def load_example():
    """Load the example handler, its SDKs and what else they need, once in this process."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in ("byok.handler", "raw.handler"):
                importlib.import_module(name)
    finally:
        sys.path.remove(str(EXAMPLES))
    gc.collect()
    gc.freeze()
