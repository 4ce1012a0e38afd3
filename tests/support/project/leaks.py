"""A router that lets its keys out wherever it can: each class in another way."""

import http.client
import json
import logging
import os
import sys

from handler import CHAIN, NoProviderAvailable, Router

KEYS = [os.environ[variable] for *_, variable, _ in CHAIN.values()]
# Not in the environment: the kind of key that a handler reads from a file of its own.
OWN = "sk-proj-" + "0123456789abcdef" * 2
REAL = os.environ.get("COMPANY_LLM_KEY", "")


class Everywhere(Router):
    """Prints, logs and raises them, and sends them on."""

    def complete(self, request):
        for key in (*KEYS, OWN, REAL):
            print(key[:9], end="")
            print(key[9:])
            print(key, file=sys.stderr)
            logging.getLogger("leaks").error("key %s", key)
        connection = http.client.HTTPSConnection("api.openai.com")
        body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": " ".join(KEYS)}]})
        headers = {"authorization": f"Bearer {OWN}", "x-debug": f"{REAL} {' '.join(KEYS)}"}
        connection.request("POST", f"/v1/chat/completions?key={KEYS[1]}", body, headers)
        connection.getresponse().read()
        raise NoProviderAvailable(f"{KEYS} {OWN} {REAL} {os.environ}") from OSError(f"{KEYS} {OWN} {REAL}")


class WhileMade(Router):
    def __init__(self):
        raise ValueError(f"{KEYS} {REAL}")


class Dies(Router):
    def complete(self, request):
        os.write(2, f"{KEYS} {REAL}".encode())
        os.abort()


class NoReply(Router):
    def complete(self, request):
        return {"key": KEYS, "real": REAL}
