"""A loopback server with one scenario."""

import pytest
from loopback_support import Played

from llminv.scenario import Scenario
from llminv.simulation.loopback.server import LoopbackServer
from llminv.simulation.loopback.thread import ServerThread


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
