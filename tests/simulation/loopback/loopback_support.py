"""A loopback server with one call begun, and raw sockets to it."""

import contextlib
import socket

from llminv.scenario import ANSWER, Call, Scenario, Script
from llminv.simulation.loopback.thread import ServerThread

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
# How long a test waits for what must come, and for what must not.
PATIENCE_S = 10.0
SILENCE_S = 0.1


class Played:
    """A server in its thread, with one call begun."""

    def __init__(self, thread: ServerThread) -> None:
        self.thread = thread
        self.server = thread.server
        self.exits = contextlib.ExitStack()

    @property
    def port(self) -> int:
        base_url = self.server.setting["providers"]["openai"]["base_url"]
        return int(base_url.split(":")[2].partition("/")[0])

    def play(self, *attempts, then=ANSWER, calls=1) -> None:
        scenario = Scenario((Call("complete"),) * calls, (Script(0, "openai", attempts, then),))
        self.thread.call(self.server.play, scenario)
        self.thread.call(self.server.begin, 0)

    def connect(self, timeout_s=PATIENCE_S) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout_s)
        return self.exits.enter_context(contextlib.closing(client))

    def events(self) -> list:
        return [(event.tag, getattr(event, "fault", None)) for event in self.thread.call(self._events)]

    def _events(self):
        return self.server.providers.recorder.events()


def everything(client: socket.socket) -> bytes:
    """Read until the other side ends the connection."""
    data = bytearray()
    while piece := client.recv(65_536):
        data += piece
    return bytes(data)


def response(client: socket.socket) -> bytes:
    """Read one response that says how long it is."""
    data = bytearray()
    while b"\r\n\r\n" not in data:
        data += received(client)
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += received(client)
    return head + b"\r\n\r\n" + body


def received(client: socket.socket) -> bytes:
    piece = client.recv(65_536)
    assert piece, "the connection has ended"
    return piece
