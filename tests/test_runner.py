"""A Runner: what it records of a call's end, and that it leaves the process as it found it."""

import asyncio
import os
import random
import socket
import ssl
import sys
import threading
import time
import warnings

import pytest

from llminv.errors import HandlerError
from llminv.history import CallStarted, ContractBroken, Raised, Replied, Stopped
from llminv.runner import Runner
from llminv.scenario import Call, Scenario
from llminv.simulation.sites import canary

SETTING = {
    "providers": {
        "openai": {
            "dialect": "openai-chat",
            "base_url": "https://api.openai.com/v1",
            "key": "OPENAI_API_KEY",
            "model": "gpt-4o-mini",
        }
    },
    "policy": {"chain": ["openai"]},
    "prices": {},
}
COMPLETE = Scenario((Call("complete"),))
ACOMPLETE = Scenario((Call("acomplete"),))
STATE = {
    "socket": lambda: (socket.socket, socket.create_connection, socket.getaddrinfo),
    "time": lambda: tuple(
        getattr(time, name)
        for name in (
            "sleep",
            "time",
            "time_ns",
            "monotonic",
            "monotonic_ns",
            "perf_counter",
            "perf_counter_ns",
        )
    ),
    "own references": lambda: (REFERENCE.sleep, REFERENCE.Lock),
    "entropy": lambda: (os.urandom, random._urandom),
    "ssl": lambda: tuple(
        vars(ssl.SSLContext).get(name, "inherited")
        for name in ("wrap_socket", "wrap_bio", "load_verify_locations", "load_default_certs")
    ),
    "threads": lambda: (threading.Lock, threading.RLock, threading.Thread.start, threading.excepthook),
    "loop": lambda: asyncio.get_event_loop_policy()._loop_factory,
    "environment": lambda: {name: os.environ[name] for name in os.environ if name != "PYTEST_CURRENT_TEST"},
    "random": random.getstate,
    "recursion limit": sys.getrecursionlimit,
    "output": lambda: (sys.stdout, sys.stderr),
    "path": lambda: list(sys.path),
}


class REFERENCE:
    from threading import Lock
    from time import sleep


@pytest.fixture
def as_before(monkeypatch):
    """Compare the state of the process around the test."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    before = {name: state() for name, state in STATE.items()}
    threads = threading.enumerate()
    yield
    after = {name: state() for name, state in STATE.items()}
    after["path"] = [entry for entry in after["path"] if entry in before["path"]]  # handlers stay importable
    assert {name for name in STATE if after[name] != before[name]} == set()
    assert threading.enumerate() == threads


@pytest.fixture
def spec(tmp_path):
    """Return the spec of a handler with this source."""

    def spec(source, attribute="Handler"):
        (tmp_path / "handler.py").write_text(source)
        return f"{tmp_path / 'handler.py'}:{attribute}"

    return spec


def play(spec, *scenarios):
    with warnings.catch_warnings(record=True), Runner(SETTING, spec) as runner:
        warnings.simplefilter("default")
        return [runner.play(scenario) for scenario in scenarios]


METHOD = """
import asyncio, sys, os, httpx
from llminv.contract import Reply, ToolCall
class Handler:
    {define} {name}(self, request):
        {body}
    def waits(self):
        import time
        try:
            time.sleep(1e9)
        finally:
            sum(range(3_000_000))
"""


def method(body, *, asynchronous=False):
    name = "acomplete" if asynchronous else "complete"
    return METHOD.format(define="async def" if asynchronous else "def", name=name, body=body)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("return 'hi'", Replied),
        ("raise RuntimeError('no')", Raised),
        ("sys.exit(3)", Raised),
        ("raise KeyboardInterrupt", Raised),
        ("return self.complete(request)", Raised),
        ("import time; time.sleep(1e9)", Stopped),
        ("random = __import__('random'); random.seed(1); os.environ['X'] = '1'; return 'hi'", Replied),
        ("sys.setrecursionlimit(5000); return 'hi'", Replied),
        ("return None", ContractBroken),
        ("import threading; threading.Thread(target=self.waits).start(); return 'hi'", Replied),
    ],
)
def test_the_process_is_as_before(body, outcome, spec, as_before):
    (history,) = play(spec(method(body)), COMPLETE)
    assert isinstance(history.outcome(0), outcome)


def test_the_process_is_as_before_a_hang_with_tasks(spec, as_before):
    body = "self.task = asyncio.ensure_future(asyncio.Event().wait()); await asyncio.Event().wait()"
    (history,) = play(spec(method(body, asynchronous=True)), ACOMPLETE)
    assert history.outcome(0).reason == "hang"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('broken')", "raised while it was loaded: RuntimeError: broken"),
        ("import sys; sys.exit(1)", "raised while it was loaded: SystemExit: 1"),
        ("class Handler:\n    def __init__(self): 1 / 0", "raised while it was made: ZeroDivisionError"),
        ("class Handler: pass", "makes a Handler, which offers no operation"),
        ("import no_such_module_at_all", "no module named 'no_such_module_at_all'"),
    ],
)
def test_the_process_is_as_before_a_handler_that_cannot_be_loaded(source, message, spec, as_before):
    with pytest.raises(HandlerError, match=message):
        play(spec(source))


def test_the_process_is_as_before_a_crash_of_our_own(spec, as_before, monkeypatch):
    monkeypatch.setattr("llminv.simulation.world.World.begin", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        play(spec(method("return 'hi'")), COMPLETE)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_text_is_a_reply(asynchronous, spec):
    scenario = ACOMPLETE if asynchronous else COMPLETE
    (history,) = play(spec(method("return 'hi'", asynchronous=asynchronous)), scenario)
    assert [type(event) for event in history.events] == [CallStarted, Replied]
    assert (history.outcome(0).reply.text, history.ended_at_s) == ("hi", 0.0)


@pytest.mark.parametrize(
    ("body", "observed"),
    [
        ("return None", "builtins.NoneType"),
        ("return {'text': 'hi'}", "builtins.dict"),
        ("return Reply(None)", "a Reply whose text is builtins.NoneType"),
        ("return asyncio.sleep(0)", "builtins.coroutine"),
    ],
)
def test_what_the_contract_does_not_know(body, observed, spec):
    (history,) = play(spec(method(body)), COMPLETE)
    assert history.outcome(0) == ContractBroken(0.0, 0, observed)


def test_an_error_with_its_chain_its_frames_and_its_attempts(spec):
    source = """
class NoProviderAvailable(LookupError):
    attempts = ["openai", ("anthropic", 429)]
class Handler:
    def complete(self, request):
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise NoProviderAvailable("outer") from error
"""
    (history,) = play(spec(source), COMPLETE)
    raised = history.outcome(0)
    assert (raised.error.type, raised.error.message, raised.error.bases) == (
        "NoProviderAvailable",
        "outer",
        ("LookupError",),
    )
    assert raised.error.frames == ("handler.py:9 in complete",)
    assert [(error.type, error.message) for error in raised.chain] == [("ValueError", "inner")]
    assert raised.attempts == ("'openai'", "('anthropic', 429)")


def test_printed_text_is_kept_beside_the_events(spec, capsys):
    (history,) = play(spec(method("print('one'); print('two', file=sys.stderr); return 'hi'")), COMPLETE)
    assert history.printed == "one\ntwo\n"
    assert capsys.readouterr() == ("", "")


def test_each_scenario_gets_a_handler_of_its_own_which_is_closed(spec):
    source = """
made = []
class Handler:
    def __init__(self, world):
        self.world = world
        made.append(self)
        self.closed = False
    async def acomplete(self, request):
        access = self.world.providers["openai"]
        return f"{len(made)} {[h.closed for h in made]} {access.base_url} {access.model} {self.world.policy['chain']}"
    async def aclose(self):
        self.closed = True
"""
    first, second = play(spec(source), ACOMPLETE, ACOMPLETE)
    rest = "https://api.openai.com/v1 gpt-4o-mini ['openai']"
    assert first.outcome(0).reply.text == f"2 [True, False] {rest}"
    assert second.outcome(0).reply.text == f"3 [True, True, False] {rest}"


def test_keys_and_base_urls_are_in_the_environment_before_the_import(spec, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    source = """
import os
KEY, URL, PROXY = (os.environ.get(name) for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "https_proxy"))
class Handler:
    def complete(self, request):
        return f"{len(KEY)} {URL} {PROXY}"
"""
    (history,) = play(spec(source), COMPLETE)
    assert history.outcome(0).reply.text == f"{len(canary('openai'))} https://api.openai.com/v1 None"


def test_an_open_task_is_cancelled_and_its_finally_runs(spec):
    source = """
import asyncio
class Handler:
    async def acomplete(self, request):
        self.task = asyncio.create_task(self.background())
        await asyncio.sleep(0)
        return "hi"
    async def background(self):
        try:
            await asyncio.sleep(1000)
        finally:
            print("cleaned up")
"""
    first, second = play(spec(source), ACOMPLETE, ACOMPLETE)
    assert (first.printed, second.printed) == ("cleaned up\n", "cleaned up\n")
    assert first == second
    assert first.ended_at_s == 0.0


def test_every_call_has_its_marker(spec):
    two = Scenario((Call("complete"), Call("complete")))
    (history,) = play(spec(method("return request.messages[-1]['content']")), two)
    texts = [history.outcome(call).reply.text for call in (0, 1)]
    assert texts == ["Say hello. (llminv-call-0)", "Say hello. (llminv-call-1)"]
