"""The loopback server, byte by byte: what a client without any library sees."""

import asyncio
import contextlib
import socket

import pytest
from loopback_support import REQUEST, SILENCE_S, everything, response

from llminv.scenario import Act, Said, Scenario
from llminv.simulation.faults import FAULTS
from llminv.simulation.loopback.server import GATES, LoopbackServer
from llminv.simulation.loopback.thread import ServerThread

GREETING = b"Hello from openai to call 0."


def test_an_answer(played):
    client = played.connect()
    client.sendall(REQUEST)
    assert GREETING in response(client)
    assert played.events() == [("request_received", None), ("response_sent", None)]


def test_requests_in_pieces_and_two_at_once(played):
    client = played.connect()
    for at in range(len(REQUEST)):
        client.sendall(REQUEST[at : at + 1])
    assert GREETING in response(client)
    client.sendall(REQUEST * 2)
    data = b""
    while data.count(GREETING) < 2:
        data += client.recv(65_536)
    assert [tag for tag, _ in played.events()].count("request_received") == 3


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\r\n\r\n",  # TLS
        b"GET\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 70_000,
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 3\r\n\r\n\xff\xfe\xfd",
    ],
)
def test_malformed_http_is_answered_with_400_and_hurts_nobody(junk, played):
    other = played.connect()
    client = played.connect()
    client.sendall(junk)
    assert client.recv(65_536).startswith(b"HTTP/1.1 400 ")
    other.sendall(REQUEST)
    assert GREETING in response(other)


def test_clients_that_leave_in_the_middle(played):
    for size in (0, 1, 30, len(REQUEST) - 1):
        with played.connect() as client:
            client.sendall(REQUEST[:size])
    client = played.connect()
    client.sendall(REQUEST)
    assert GREETING in response(client)


def test_a_hundred_connections_at_once(played):
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", played.port)
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return head

    async def ask_all() -> list[bytes]:
        return await asyncio.gather(*[ask() for _ in range(100)])

    heads = asyncio.run(ask_all())
    assert [head.partition(b"\r\n")[0] for head in heads] == [b"HTTP/1.1 200 OK"] * 100
    assert [tag for tag, _ in played.events()].count("request_received") == 100


@pytest.mark.parametrize("cut", [{"cut_every": 1}, {"cuts": (1, 5, 40)}, {}])
def test_cuts_change_no_byte(cut, played):
    played.play(then=Act(said=Said("Grüße"), **cut))
    client = played.connect()
    client.sendall(REQUEST)
    assert "Grüße".encode() in response(client)


def test_bytes_go_out_when_they_are_due(played):
    played.play(then=Act(gap_s=SILENCE_S / 2))
    client = played.connect()
    client.sendall(REQUEST)
    head = client.recv(65_536)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert GREETING not in head
    assert GREETING in client.recv(65_536) + client.recv(65_536)


@pytest.mark.parametrize("fault", ["no_answer", "stall"])
def test_silence_is_met_when_the_client_gives_up(fault, played):
    played.play(then=Act(fault))
    client = played.connect(SILENCE_S)
    client.sendall(REQUEST)
    with pytest.raises(TimeoutError):
        everything(client)
    assert ("fault_reached", fault) not in played.events()
    client.close()
    again = played.connect()  # the server sees the one after the other
    again.sendall(b"GET /nothing HTTP/1.1\r\n\r\n")
    response(again)
    assert ("fault_reached", fault) in played.events()


def test_a_reset_comes_after_all_that_was_sent(played):
    played.play(then=Act("body_reset", after=0, said=Said("0123456789", times=200_000)))
    client = played.connect()
    client.sendall(REQUEST)
    data = bytearray()
    with pytest.raises(ConnectionResetError):
        while True:
            data += client.recv(1_000)
    assert data.count(b"0123456789") > 90_000
    assert ("fault_reached", "body_reset") in played.events()


def test_a_close_is_a_half_close(played):
    played.play(then=Act("connection_closed"))
    client = played.connect()
    client.sendall(REQUEST)
    assert client.recv(1) == b""
    client.sendall(REQUEST)  # nobody reads it, and nobody minds
    assert client.recv(1) == b""
    assert [tag for tag, _ in played.events()].count("request_received") == 1


def test_a_client_that_says_it_is_done_still_gets_its_answer(played):
    played.play(then=Act(delay_s=SILENCE_S))
    client = played.connect()
    client.sendall(REQUEST)
    client.shutdown(socket.SHUT_WR)
    assert GREETING in everything(client)


# Providers that are down


def test_every_fault_before_a_connection_has_a_way_to_be_played():
    assert GATES.keys() == {fault.name for fault in FAULTS.values() if fault.before_request}


def test_a_port_is_closed_until_the_call_ends(played):
    played.play(then=Act("connection_refused"))
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            played.connect()
    played.thread.call(played.server.end, 0)
    client = played.connect()
    client.sendall(REQUEST)
    assert b"Hello from openai to call -1." in response(client)


def test_a_dead_host_does_not_answer(played):
    played.play(then=Act("connect_timeout"))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            played.connect(SILENCE_S)
    played.play()
    client = played.connect()
    client.sendall(REQUEST)
    assert GREETING in response(client)


def test_other_providers_stay_up(played):
    played.play(then=Act("connection_refused"))
    base_url = played.server.setting["providers"]["anthropic"]["base_url"]
    with socket.create_connection(("127.0.0.1", int(base_url.rpartition(":")[2]))):
        pass


def test_announced_attempts_are_counted_one_by_one(played):
    played.play(Act("connection_refused"), Act("connect_timeout"), Act("name_not_found"))
    errors = []
    for _ in range(3):
        played.thread.call(played.server.dialled, played.port)
        with pytest.raises(OSError) as raised:
            played.connect(SILENCE_S)
        errors.append(raised.type)
    assert errors == [ConnectionRefusedError, TimeoutError, ConnectionRefusedError]
    played.thread.call(played.server.dialled, played.port)
    client = played.connect()
    client.sendall(REQUEST)
    assert GREETING in response(client)
    assert played.events()[:4] == [
        ("connect_failed", "connection_refused"),
        ("connect_failed", "connect_timeout"),
        ("connect_failed", "name_not_found"),
        ("request_received", None),
    ]


def test_a_provider_that_goes_down_takes_its_connections_along(played):
    played.play(Act(), then=Act("connection_refused"))
    client = played.connect()
    client.sendall(REQUEST)
    data = everything(client)  # the end comes with the answer, so that no request gets between
    assert GREETING in data
    with pytest.raises(ConnectionRefusedError):
        played.connect()


def test_idle_connections_are_dropped_before_a_call_for_which_the_provider_is_down(played):
    client = played.connect()
    client.sendall(REQUEST)
    response(client)
    played.thread.call(played.server.end, 0)
    played.play(then=Act("connection_refused"))
    assert client.recv(1) == b""


# Scenarios and ports


def test_a_new_scenario_ends_the_connections_of_the_old_one(played):
    client = played.connect()
    client.sendall(REQUEST)
    response(client)
    played.play()
    assert client.recv(1) == b""
    client = played.connect()
    client.sendall(REQUEST)
    assert GREETING in response(client)
    assert played.events() == [("request_received", None), ("response_sent", None)]


def test_more_requests_than_any_handler_needs_are_reset(played):
    client = played.connect()
    for _ in range(300):
        client.sendall(REQUEST)
        response(client)
    client.sendall(REQUEST)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert played.server.providers.clock.stopped.reason == "flood"


def test_ports_are_asked_for_and_given_back(setting):
    first = LoopbackServer(setting)
    thread = ServerThread(first)
    thread.start(Scenario(()))
    port = int(first.setting["providers"]["gemini"]["base_url"].rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        LoopbackServer(setting, ports={"gemini": port})
    thread.stop()
    first.close()
    second = LoopbackServer(setting, ports={"gemini": port})
    assert second.setting["providers"]["gemini"]["base_url"] == f"http://127.0.0.1:{port}"
    second.close()


def test_paths_of_base_urls_stay_and_nothing_else_of_the_setting_changes(setting):
    server = LoopbackServer(setting)
    server.close()
    told = server.setting["providers"]
    assert told["openai"]["base_url"].endswith("/v1")
    assert {**server.setting, "providers": None} == {**setting, "providers": None}
    for name, provider in setting["providers"].items():
        assert {**told[name], "base_url": None} == {**provider, "base_url": None}


def test_every_address_of_the_machine_is_reached_by_its_loopback_address(setting):
    server = LoopbackServer(setting, "0.0.0.0")
    server.close()
    assert server.host == "127.0.0.1"


def test_a_thread_can_be_started_again(played):
    for _ in range(2):
        played.thread.stop()
        played.thread.start(Scenario(()))
    client = played.connect()
    client.sendall(REQUEST)
    assert b"Hello from openai to call -1." in response(client)


def test_whoever_comes_after_the_end_is_sent_away_and_the_next_scenario_begins(played):
    played.thread.call(played.server.providers.finish)
    with contextlib.suppress(ConnectionError), played.connect() as late:
        late.sendall(REQUEST)
        assert everything(late) == b""
    played.thread.stop()
    played.thread.start(Scenario(()))
    with played.connect() as client:
        client.sendall(REQUEST)
        assert response(client).startswith(b"HTTP/1.1 200")


def test_what_keeps_the_server_from_starting_is_said(played, monkeypatch):
    played.thread.stop()

    def fail(scenario):
        raise OSError("no more of it")

    monkeypatch.setattr(played.server, "start", fail)
    with pytest.raises(OSError, match="no more of it"):
        played.thread.start(Scenario(()))
    assert not played.thread.is_current
