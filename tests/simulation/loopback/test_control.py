"""The control endpoint: a scenario goes in, a history comes out, and what is wrong is said."""

import asyncio
import json
import socket

import pytest
from loopback_support import PATIENCE_S, REQUEST, everything, response

from llminv.history import History
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.framing import _NEWLINES
from llminv.simulation.loopback.control import ROUTES, Control, ControlProtocol
from llminv.simulation.loopback.reading import DELTAS, NEWLINES, read_scenario
from llminv.simulation.plan import _SPLITS

TWO_CALLS = Scenario(
    (Call("complete"), Call("acomplete")),
    (Script(0, "openai", (Act("http_429"),)), Script(1, "openai", then=Act("http_500"))),
)


def script(row: dict) -> dict:
    return {"calls": [{"operation": "complete"}], "acts": [{"call": 0, "provider": "openai", **row}]}


@pytest.fixture
def ask(played):
    """Return what sends a request to the control endpoint and returns status and JSON."""

    async def listen():
        control = Control(played.server)
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: ControlProtocol(control), "127.0.0.1", 0)

    listening = asyncio.run_coroutine_threadsafe(
        listen(), played.thread.call(asyncio.get_running_loop)
    ).result()
    address = listening.sockets[0].getsockname()

    def ask(method, path, value=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        with socket.create_connection(address, PATIENCE_S) as client:
            client.sendall(f"{method} {path} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
            head, _, answer = response(client).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), json.loads(answer)

    ask.address = address
    yield ask
    played.thread.call(listening.close)


def test_a_scenario_from_beginning_to_end(ask, played):
    status, summary = ask("PUT", "/scenario", TWO_CALLS.to_json())
    assert (status, Scenario.from_json(summary["scenario"])) == (200, TWO_CALLS)
    client = played.connect()
    for expected in (b" 429 ", b" 200 "):
        client.sendall(REQUEST)
        assert expected in response(client).partition(b"\r\n")[0]
    assert ask("POST", "/calls/0/end") == (200, {"active": []})
    assert ask("POST", "/calls/1/begin") == (200, {"active": [1]})
    client.sendall(REQUEST)
    assert b" 500 " in response(client).partition(b"\r\n")[0]

    status, answer = ask("GET", "/history")
    history = History.from_json(answer)
    assert status == 200
    assert [[attempt.fault for attempt in history.attempts(call)] for call in (0, 1)] == [
        ["http_429", None],
        ["http_500"],
    ]
    assert [event.operation for event in history.events if event.tag == "call_started"] == [
        "complete",
        "acomplete",
    ]


def test_every_route_is_there(ask):
    ask("PUT", "/scenario", TWO_CALLS.to_json())
    for route in ROUTES:
        method, _, path = route.replace("N", "1").partition(" ")
        status, _ = ask(method, path, TWO_CALLS.to_json())
        assert status == 200, route


def test_the_summary_names_base_urls_and_environment(ask, played):
    status, summary = ask("GET", "/")
    openai = played.server.setting["providers"]["openai"]["base_url"]
    assert status == 200
    assert summary["providers"]["openai"] == summary["environment"]["OPENAI_BASE_URL"] == openai
    assert summary["environment"]["OPENAI_API_KEY"].startswith("sk-llminv-")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"{", "Expecting property name"),
        (b"[" * 100_000, ""),
        ({"calls": [], "nonsense": 1}, "nonsense"),
        ({"calls": [{"operation": "compete"}]}, "calls[0].operation: 'compete' is none of acomplete, "),
        ({"calls": [], "acts": [{"call": 0, "provider": "openai"}]}, "acts[0].call: there is no call 0"),
        (script({"provider": "opena"}), "acts[0].provider: 'opena' is none of anthropic, "),
        (script({"then": {"fault": "http_42"}}), "acts[0].then.fault: 'http_42' is none of "),
        (script({"attempts": [{"fault": "x"}]}), "acts[0].attempts[0].fault: 'x' is none of "),
        (script({"then": {"framing": {"newline": "nl"}}}), "framing.newline: 'nl' is none of cr, crlf, lf"),
        (script({"then": {"said": {"deltas": "x"}}}), "said.deltas: 'x' is none of characters, whole, words"),
        (script({"then": {"delay_s": -1.0}}), "acts[0].then.delay_s: expected a number of seconds"),
        (script({"then": {"cut_every": 0}}), "acts[0].then.cut_every: expected a number of bytes"),
    ],
)
def test_a_scenario_that_cannot_be_played_changes_nothing(value, problem, ask, played):
    before = played.server.providers
    status, answer = ask("PUT", "/scenario", value)
    assert status == 400
    assert problem in answer["error"]
    assert played.server.providers is before


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("DELETE", "/history"), ("POST", "/calls/7/begin"), ("POST", "/calls/x/end")],
)
def test_what_is_not_there(method, path, ask):
    status, answer = ask(method, path)
    assert (status, list(answer)) == (404, ["error"])


def test_malformed_http_is_answered_and_hurts_nobody(ask):
    with socket.create_connection(ask.address, PATIENCE_S) as client:
        client.sendall(b"junk\r\n\r\n")
        assert everything(client).startswith(b"HTTP/1.1 400 ")
    assert ask("GET", "/")[0] == 200


def test_the_words_are_those_that_can_be_played():
    assert set(NEWLINES) == {None, *_NEWLINES}
    assert set(DELTAS) == set(_SPLITS)
    assert read_scenario(TWO_CALLS.to_json(), ["openai"]) == TWO_CALLS
