"""A loopback server with one scenario; the promises of the tests of kinds are used here too."""

import sys
from pathlib import Path

import pytest
from loopback_support import Played

from llminv.scenario import Scenario
from llminv.simulation.loopback.server import LoopbackServer
from llminv.simulation.loopback.thread import ServerThread

sys.path.append(str(Path(__file__).parents[2] / "kinds"))


@pytest.fixture
def played(setting):
    server = LoopbackServer(setting, requests_max=300)
    thread = ServerThread(server)
    thread.start(Scenario(()))
    played = Played(thread)
    played.play()
    with played.exits:
        yield played
    thread.stop()
    server.close()
