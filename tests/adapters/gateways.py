"""Small gateways in a thread of the test: to the worker that audits them they are another process."""

import contextlib
import http.client
import json
import random
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from llminv.simulation.sites import canary

PATIENCE_S = 30.0
# Below those that the system gives to clients.
PORTS = range(20_000, 30_000)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has; others may take them in between, but hardly these."""
    found = []
    for port in random.SystemRandom().sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no ports")


class Right(BaseHTTPRequestHandler):
    """Asks one provider after the other until one answers; hands on what that one says."""

    providers: tuple[tuple[str, str], ...] = ()
    received: list[tuple[dict, dict]]

    def do_POST(self) -> None:
        assert self.path == "/v1/chat/completions"
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((dict(self.headers), json.loads(body)))
        status, data = 0, b""
        for name, url in self.tried():
            status, data = self.ask(url, self.key(name), body)
            if status == 200:
                break
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def tried(self) -> tuple[tuple[str, str], ...]:
        return self.providers

    def key(self, name: str) -> str:
        return canary(name)

    def ask(self, url: str, key: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(
                "POST", f"{parts.path}/chat/completions", body, {"authorization": f"Bearer {key}"}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Stops(Right):
    """Does not ask the next provider."""

    def tried(self) -> tuple[tuple[str, str], ...]:
        return self.providers[:1]


class Leaks(Right):
    """Sends everybody the key of the first provider."""

    def key(self, name: str) -> str:
        del name
        return canary(self.providers[0][0])


@contextlib.contextmanager
def running(
    kind: type[Right], providers: tuple[tuple[str, str], ...] = ()
) -> Iterator[tuple[str, type[Right]]]:
    """Run a gateway of that kind; yield its address, and its class, which has what it received."""
    made = type(kind.__name__, (kind,), {"providers": providers, "received": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), made) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", made
        finally:
            server.shutdown()
            thread.join()
