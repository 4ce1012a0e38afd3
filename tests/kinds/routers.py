"""A correct router over bare HTTP, and for each finding code one that shows it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import time

from llminv.contract import Chunk, Reply

HOSTS = {
    "openai": ("api.openai.com", "/v1/chat/completions"),
    "anthropic": ("api.anthropic.com", "/v1/messages"),
    "deepseek": ("api.deepseek.com", "/chat/completions"),
    "gemini": ("generativelanguage.googleapis.com", "/v1beta/models/gemini-2.5-flash:generateContent"),
}
KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}


class NoProviderAvailable(Exception):
    pass


class ProviderFailed(Exception):
    pass


def key_of(provider):
    return os.environ[f"{provider.upper()}_API_KEY"]


def text_in(name, said):
    if name == "anthropic":
        return said["content"][0]["text"]
    if name == "gemini":
        return said["candidates"][0]["content"]["parts"][0]["text"]
    return said["choices"][0]["message"]["content"]


class Router:
    chain = tuple(HOSTS)
    timeout_s = 20.0

    def complete(self, request):
        failures = []
        for name in self.chain:
            try:
                return Reply(self.ask(name, request))
            except ProviderFailed as error:
                failures.append(str(error))
        return self.exhausted(failures)

    def exhausted(self, failures):
        raise NoProviderAvailable("; ".join(failures))

    def headers(self, name):
        header = KEY_HEADERS.get(name)
        key = key_of(name)
        return {header: key} if header else {"authorization": f"Bearer {key}"}

    def path(self, name):
        return HOSTS[name][1]

    def body(self, name, request):
        text = request.messages[-1]["content"]
        if name == "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}

    def ask(self, name, request):
        connection = http.client.HTTPSConnection(HOSTS[name][0], timeout=self.timeout_s)
        try:
            connection.request(
                "POST", self.path(name), json.dumps(self.body(name, request)), self.headers(name)
            )
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ProviderFailed(f"{name}: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise ProviderFailed(f"{name}: {answer.status}")
        try:
            return text_in(name, json.loads(data))
        except (ValueError, LookupError, TypeError) as error:
            raise ProviderFailed(f"{name}: no answer in what came") from error


class AsyncRouter(Router):
    complete = None

    async def acomplete(self, request):
        return Router.complete(self, request)


class Streamed(Router):
    """Offers streams alone, each in one chunk."""

    complete = None

    def stream(self, request):
        yield Chunk(Router.complete(self, request).text)


class Backwards(Router):
    chain = tuple(reversed(Router.chain))


class StreamsBackwards(Streamed):
    chain = Backwards.chain


class PrefersAStranger(Router):
    chain = ("openai", "gemini", "anthropic", "deepseek")


class OnlyTwo(Router):
    chain = Router.chain[:2]


class AlsoAsksTheNext(Router):
    def complete(self, request):
        reply = super().complete(request)
        self.ask("gemini", request)
        return reply


class LosesTheAnswer(Router):
    def ask(self, name, request):
        text = super().ask(name, request)
        raise ValueError(text)


class MakesUpAnswers(Router):
    def ask(self, name, request):
        super().ask(name, request)
        return "I know better."


class KeepsWhatWasBegun(Router):
    """Asks OpenAI's format for streams, and joins what came, also before one broke off."""

    def complete(self, request):
        self.begun = ""
        return super().complete(request)

    def body(self, name, request):
        return {**super().body(name, request), **({"stream": True} if name == "openai" else {})}

    def ask(self, name, request):
        if name != "openai":
            return self.begun + super().ask(name, request)
        connection = http.client.HTTPSConnection(HOSTS[name][0], timeout=self.timeout_s)
        try:
            connection.request(
                "POST", self.path(name), json.dumps(self.body(name, request)), self.headers(name)
            )
            answer = connection.getresponse()
            if answer.status != 200:
                raise ProviderFailed(f"{name}: {answer.status}")
            while line := answer.readline():
                if line.startswith(b"data: {"):
                    said = json.loads(line.removeprefix(b"data: "))
                    if "error" in said:
                        raise ProviderFailed(f"{name}: {said['error']}")
                    self.begun += "".join(choice["delta"].get("content") or "" for choice in said["choices"])
                if line.startswith(b"data: [DONE]"):
                    return self.begun
        except (OSError, http.client.HTTPException) as error:
            raise ProviderFailed(f"{name}: {type(error).__name__}") from error
        finally:
            connection.close()
        raise ProviderFailed(f"{name}: the stream ended early")


class NoTimeout(Router):
    timeout_s = None


class NeverTiresOfIt(Router):
    def exhausted(self, failures):
        while True:
            time.sleep(30)


class TriesForEver(Router):
    def complete(self, request):
        while True:
            try:
                return Reply(self.ask("openai", request))
            except ProviderFailed:
                continue


class Apologises(Router):
    def exhausted(self, failures):
        return "Sorry."


class StreamsAnApology(Streamed):
    def exhausted(self, failures):
        return Reply("Sorry.")


class RaisesAnything(Router):
    def exhausted(self, failures):
        raise RuntimeError("; ".join(failures))


class NamesNobody(Router):
    def exhausted(self, failures):
        raise NoProviderAvailable("all of them")


class KeepsItsFailures(Router):
    """One list for all calls."""

    def __init__(self):
        self.failures = []

    def exhausted(self, failures):
        self.failures += failures
        error = NoProviderAvailable("; ".join(failures))
        error.attempts = self.failures
        raise error


class LeaksInHeader(Router):
    def headers(self, name):
        return {**Router.headers(self, name), "x-first-key": key_of("openai")}


class LeaksInStreams(Streamed):
    headers = LeaksInHeader.headers


class LeaksInUrl(Router):
    def path(self, name):
        return f"{super().path(name)}?key={key_of('gemini')}"


class LeaksInBody(Router):
    def body(self, name, request):
        return {**super().body(name, request), "user": key_of("anthropic")}


class SharesItsHeaders(Router):
    """Keeps them where another call finds them while this one waits for its turn."""

    def ask(self, name, request):
        self.kept = super().headers(name)
        time.sleep(0.01)
        return super().ask(name, request)

    def headers(self, name):
        return self.kept


class LeaksInBase64(Router):
    def headers(self, name):
        packed = base64.b64encode(f"user:{key_of('deepseek')}".encode()).decode()
        return {**super().headers(name), "x-basic": packed}
