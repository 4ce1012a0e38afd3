"""Consumers that stop: what the handler is told, what is recorded, and when its connection is closed."""

import warnings

import pytest

from llminv.history import (
    ChunkReceived,
    ConnectionClosed,
    ConsumerStopped,
    Raised,
    Released,
    Replied,
    Stopped,
)
from llminv.runner import Runner
from llminv.scenario import Act, Call, Scenario, Script

OPENAI = {
    "dialect": "openai-chat",
    "base_url": "https://api.openai.com/v1",
    "key": "OPENAI_API_KEY",
    "model": "gpt-4o-mini",
}
SETTING = {"providers": {"openai": OPENAI}, "policy": {"chain": ["openai"]}, "prices": {}}

SOURCE = """
import asyncio, time
log = []

class Iterator:
    def __init__(self, chunks): self.chunks = iter(chunks)
    def __iter__(self): return self
    def __next__(self): return next(self.chunks)

class Handler:
    def stream(self, request):
        return {stream}

    async def astream(self, request):
        log.append("begins")
        try:
            for word in "abcd":
                await asyncio.sleep(1)
                yield word
        except BaseException as error:
            print(type(error).__name__)
            {athen}

    def words(self):
        try:
            yield from "abcd"
        except GeneratorExit:
            print("closed")
            {then}
"""


def play(folder, *calls, stream="self.words()", then="raise", athen="raise"):
    (folder / "h.py").write_text(SOURCE.format(stream=stream, then=then, athen=athen))
    with warnings.catch_warnings(record=True), Runner(SETTING, f"{folder}/h.py:Handler") as runner:
        return runner.play(Scenario(calls))


def seen(history):
    """What the consumer got, when it stopped, how the call ended and when, and what the handler printed."""
    text = "".join(event.chunk.text for event in history.of(ChunkReceived))
    stopped = [event.at_s for event in history.of(ConsumerStopped)]
    return text, stopped, type(history.outcome(0)), history.outcome(0).at_s, history.printed


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("stream"), ("abcd", [], Replied, 0.0, "")),
        (Call("stream", stop_after=2), ("ab", [0.0], Released, 0.0, "closed\n")),
        (Call("stream", stop_after=4), ("abcd", [0.0], Released, 0.0, "closed\n")),
        (Call("stream", stop_after=5), ("abcd", [], Replied, 0.0, "")),
        (Call("astream"), ("abcd", [], Replied, 4.0, "")),
        (Call("astream", stop_after=2), ("ab", [2.0], Released, 2.0, "GeneratorExit\n")),
        (Call("astream", stop_after_s=0.5), ("", [0.5], Released, 0.5, "CancelledError\n")),
        (Call("astream", stop_after_s=2.5), ("ab", [2.5], Released, 2.5, "CancelledError\n")),
        (Call("astream", stop_after_s=9.0), ("abcd", [], Replied, 4.0, "")),
        (Call("astream", stop_after=1, stop_after_s=2.5), ("a", [1.0], Released, 1.0, "GeneratorExit\n")),
    ],
    ids=repr,
)
def test_a_consumer_stops_where_the_call_says(tmp_path, call, expected):
    assert seen(play(tmp_path, call)) == expected


@pytest.mark.parametrize(
    "stream", ["Iterator(self.words())", "map(str, self.words())"], ids=["no close", "of the library"]
)
def test_an_iterator_that_cannot_be_closed_is_let_go_of(tmp_path, stream):
    history = play(tmp_path, Call("stream", stop_after=1), stream=stream)
    assert seen(history) == ("a", [0.0], Released, 0.0, "closed\n")


@pytest.mark.parametrize("call", [Call("stream", stop_after=1), Call("astream", stop_after_s=0.5)], ids=repr)
def test_what_stopping_raises_is_how_the_call_ends(tmp_path, call):
    raising = "raise ValueError('not now')"
    history = play(tmp_path, call, then=raising, athen=raising)
    assert seen(history)[1:3] == ([history.outcome(0).at_s], Raised)
    assert history.outcome(0).error.message == "not now"


@pytest.mark.parametrize("athen", ["yield 'x'", "await asyncio.sleep(3); yield 'x'"], ids=["now", "later"])
def test_who_goes_on_after_being_cancelled_talks_to_nobody(tmp_path, athen):
    text, stopped, outcome, *_ = seen(play(tmp_path, Call("astream", stop_after_s=1.5), athen=athen))
    assert (text, stopped, outcome) == ("a", [1.5], Released)


def test_a_handler_that_hangs_when_it_is_stopped_is_a_hang(tmp_path):
    history = play(tmp_path, Call("astream", stop_after_s=0.5), athen="await asyncio.Event().wait()")
    assert (type(history.outcome(0)), history.outcome(0).reason) == (Stopped, "hang")


CLIENT = """
import contextlib, httpx
from llminv.contract import Chunk

def body(request):
    return {"model": "m", "stream": True, "messages": list(request.messages)}

class Handler:
    def __init__(self, world):
        self.url = world.providers["openai"].base_url + "/chat/completions"
        self.client, self.aclient = httpx.Client(timeout=60), httpx.AsyncClient(timeout=60)

    def stream(self, request):
        with self.client.stream("POST", self.url, json=body(request)) as response:
            yield from response.iter_lines()

    async def astream(self, request):
        async with self.aclient.stream("POST", self.url, json=body(request)) as response:
            async for line in response.aiter_lines():
                yield line

    async def aclose(self):
        self.client.close()
        await self.aclient.aclose()
"""


@pytest.mark.parametrize("transport", ["in-process", "loopback"])
@pytest.mark.parametrize(
    ("call", "act"),
    [
        (Call("stream", stop_after=1), Act(gap_s=0.2)),
        (Call("astream", stop_after=1), Act(gap_s=0.2)),
        (Call("astream", stop_after_s=0.1), Act(delay_s=0.5)),
        (Call("astream", stop_after_s=0.1), Act("no_answer")),
    ],
    ids=["stream", "astream", "late headers", "no headers"],
)
def test_a_connection_closed_too_early_is_recorded_with_its_time(tmp_path, transport, call, act):
    (tmp_path / "client.py").write_text(CLIENT)
    later = Call(call.operation, wait_s=0.3)
    scenario = Scenario((call, later), (Script(0, "openai", then=act),))
    with Runner(SETTING, f"{tmp_path}/client.py:Handler", transport=transport) as runner:
        history = runner.play(scenario)
    stopped = next(history.of(ConsumerStopped))
    (closed,) = history.of(ConnectionClosed)
    assert (closed.call, closed.provider, closed.attempt) == (0, "openai", 0)
    assert 0 <= closed.at_s - stopped.at_s < 0.15
    assert isinstance(history.outcome(1), Replied)


LEAVES = (
    CLIENT
    + """
    async def astream(self, request):
        asked = self.aclient.build_request("POST", self.url, json=body(request))
        self.response = await self.aclient.send(asked, stream=True)
        yield "gone"

    async def aclose(self):
        pass
"""
)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("source", "act"), [(CLIENT, Act()), (LEAVES, Act(gap_s=0.2))], ids=["whole", "left open"]
)
def test_a_connection_that_the_handler_did_not_close_too_early(tmp_path, source, act):
    (tmp_path / "client.py").write_text(source)
    with Runner(SETTING, f"{tmp_path}/client.py:Handler") as runner:
        history = runner.play(Scenario((Call("astream"),), (Script(0, "openai", then=act),)))
    assert isinstance(history.outcome(0), Replied)
    assert list(history.of(ConnectionClosed)) == []
