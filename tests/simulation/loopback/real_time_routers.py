"""Handlers for real time: two providers in OpenAI's format, the standard library, a limit of 0.3 s."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

from llminv.contract import Reply

CHAIN = ("openai", "deepseek")
LIMIT_S = 0.3


class NoProviderAvailable(Exception):
    pass


class Router:
    def __init__(self, world):
        self.providers = world.providers

    def complete(self, request):
        failed = []
        for name in CHAIN:
            try:
                return Reply(self.ask(self.providers[name], request), provider=name)
            except (OSError, ValueError, LookupError, http.client.HTTPException) as error:
                failed.append(f"{name}: {error}")
        raise NoProviderAvailable("; ".join(failed))

    def ask(self, provider, request):
        body = {"model": provider.model, "messages": list(request.messages)}
        headers = {"authorization": f"Bearer {provider.api_key}", "content-type": "application/json"}
        url = f"{provider.base_url}/chat/completions"
        asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(asked, timeout=LIMIT_S) as answer:
            return json.load(answer)["choices"][0]["message"]["content"]


class Stops(Router):
    """Gives up where a provider refuses connections."""

    def ask(self, provider, request):
        try:
            return super().ask(provider, request)
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                raise RuntimeError("no connection") from error
            raise


class Program:
    """Runs a program of its own that asks the provider, as a gateway would."""

    def complete(self, request):
        code = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], sys.argv[2].encode()).read().decode())"
        body = json.dumps({"model": "m", "messages": list(request.messages)})
        url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
        command = [sys.executable, "-c", code, url, body]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(ran.stdout)["choices"][0]["message"]["content"]


class Elsewhere:
    """Tries every way out; none is open but to this machine."""

    def complete(self, request):
        return " ".join(self.tried(way) for way in (self.name, self.address, self.datagram, self.here))

    def tried(self, way):
        try:
            way()
        except ConnectionRefusedError as error:
            return type(error).__name__
        return "passed"

    def name(self):
        socket.create_connection(("api.openai.com", 443), LIMIT_S)

    def address(self):
        socket.create_connection(("192.0.2.1", 443), LIMIT_S)

    def datagram(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", ("192.0.2.1", 53))

    def here(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), LIMIT_S).close()


class Floods:
    """Asks again and again."""

    def __init__(self, world):
        self.router = Router(world)

    def complete(self, request):
        while True:
            self.router.complete(request)
