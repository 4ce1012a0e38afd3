"""Handlers that ask the machine for something: libraries, an address, ids, programs."""

import ctypes.util
import json
import subprocess
import time
import uuid
from uuid import uuid1


class Libraries:
    """ctypes asks programs of the machine; time, before and after, is the world's."""

    def complete(self, request):
        started_s = time.monotonic()
        found = [ctypes.util.find_library(name) for name in ("c", "none-of-this-name")]
        time.sleep(2)
        return json.dumps([*found, time.monotonic() - started_s])


class Ids:
    def complete(self, request):
        made = [uuid1(), uuid.uuid1(), uuid.uuid1(uuid.getnode()), uuid.uuid1(5)]
        time.sleep(2)
        made.append(uuid.uuid1())
        return json.dumps([(str(one), one.node, one.time) for one in made])


class Program:
    """Looks for a library, and then runs a program after all."""

    def complete(self, request):
        ctypes.util.find_library("none-of-this-name")
        try:
            subprocess.run(["hostname"], check=True)
        except OSError as error:
            return type(error).__name__
