"""Connections are kept between attempts, and a provider that goes down takes them along."""

import pytest

from llminv.history import ConnectFailed, FaultReached, RequestReceived
from llminv.scenario import Act, Call, Scenario, Script

ANSWER = Act()
KEEPERS = {"KeepsAlive": "complete", "KeepsAliveAsync": "acomplete", "KeepsAliveByHand": "complete"}


def play(play_all, handler, *acts, then=ANSWER):
    scenario = Scenario((Call(KEEPERS[handler]),), (Script(0, "openai", tuple(map(Act, acts)), then),))
    histories = play_all(f"behaviours.py:{handler}", {0: scenario, 1: scenario})
    assert histories[0] == histories[1]
    return histories[0]


@pytest.mark.parametrize("handler", KEEPERS)
def test_three_requests_three_acts(handler, play_all):
    history = play(play_all, handler, "http_429", None, "http_500")
    assert history.outcome(0).reply.text == "429 200 500"
    assert [attempt.fault for attempt in history.attempts(0)] == ["http_429", None, "http_500"]


@pytest.mark.parametrize("fault", ["connection_refused", "name_not_found", "connect_timeout"])
@pytest.mark.parametrize("handler", ["KeepsAlive", "KeepsAliveAsync"])
def test_a_provider_goes_down_between_two_attempts(handler, fault, play_all):
    history = play(play_all, handler, None, fault)
    error = "ConnectTimeout" if fault == "connect_timeout" else "ConnectError"
    assert history.outcome(0).reply.text == f"200 {error} 200"
    assert [(event.attempt, event.fault) for event in history.of(ConnectFailed)] == [(1, fault)]
    assert [event.attempt for event in history.of(RequestReceived)] == [0, 2]
    assert history.outcome(0).at_s == (20.0 if fault == "connect_timeout" else 0.0)


@pytest.mark.parametrize("handler", KEEPERS)
def test_a_reset_ends_the_connection_and_the_next_attempt_has_a_new_one(handler, play_all):
    history = play(play_all, handler, "connection_reset")
    error = "ConnectionResetError" if handler == "KeepsAliveByHand" else "ReadError"
    assert history.outcome(0).reply.text == f"{error} 200 200"


@pytest.mark.parametrize("handler", KEEPERS)
def test_silence_ends_the_attempt_only(handler, play_all):
    history = play(play_all, handler, "no_answer")
    error = "TimeoutError" if handler == "KeepsAliveByHand" else "ReadTimeout"
    assert history.outcome(0).reply.text == f"{error} 200 200"
    assert [event.at_s for event in history.of(RequestReceived)] == [0.0, 20.0, 20.0]


@pytest.mark.parametrize("handler", ["KeepsAlive", "KeepsAliveAsync"])
def test_an_answer_that_stalls_goes_on_stalling_where_the_provider_goes_down_next(handler, play_all):
    history = play(play_all, handler, "stall", "connection_refused")
    assert history.outcome(0).reply.text == "ReadTimeout ConnectError 200"
    assert [event.at_s for event in history.of(FaultReached)] == [20.0]


def test_a_provider_is_down_for_the_second_call_only(play_all):
    scenario = Scenario(
        (Call("complete"), Call("complete")), (Script(1, "openai", then=Act("connection_refused")),)
    )
    history = play_all("behaviours.py:KeepsAlive", {0: scenario})[0]
    texts = [history.outcome(call).reply.text for call in (0, 1)]
    assert texts == ["200 200 200", "ConnectError ConnectError ConnectError"]
    assert [(event.call, event.attempt) for event in history.of(ConnectFailed)] == [(1, 0), (1, 1), (1, 2)]


def test_a_connection_whose_loop_is_closed_is_dropped_unseen(play_all):
    scenario = Scenario(
        (Call("complete"), Call("complete")), (Script(1, "openai", then=Act("connection_refused")),)
    )
    history = play_all("behaviours.py:LeavesItsLoop", {0: scenario})[0]
    assert [history.outcome(call).reply.text for call in (0, 1)] == ["200", "ConnectionRefusedError"]


@pytest.mark.parametrize("handler", ["module_level.py:sync", "module_level.py:asynchronous"])
def test_clients_that_outlive_a_scenario_take_no_connection_along(handler, play_all):
    operation = "complete" if handler.endswith("sync") and ":s" in handler else "acomplete"
    plain = Scenario((Call(operation),))
    down = Scenario((Call(operation),), (Script(0, "openai", then=Act("connection_refused")),))
    histories = play_all(handler, {0: plain, 1: down, 2: plain, 3: down})
    assert [history.outcome(0).reply.text for history in histories.values()] == [
        "200 200 200",
        "ConnectError ConnectError ConnectError",
    ] * 2
    assert histories[0] == histories[2]
    assert histories[1] == histories[3]
