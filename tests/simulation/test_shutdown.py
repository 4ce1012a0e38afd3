"""A socket that is shut, one way or both, behaves as on Linux: for who reads from it, and for the provider."""

import json

import pytest

from llminv.history import ConnectionClosed, FaultReached
from llminv.scenario import Act, Call, Scenario, Script, default_text


def play(play_all, handler, fault=None, operation="complete"):
    scenario = Scenario((Call(operation),), (Script(0, "openai", then=Act(fault)),))
    return play_all(f"handlers/shutting.py:{handler}", {0: scenario})[0]


def closed_at(history):
    return [event.at_s for event in history.of(ConnectionClosed)]


@pytest.mark.parametrize(("handler", "sent"), [("both", "BrokenPipeError"), ("reading", 16)])
def test_a_blocked_read_is_woken_and_finds_the_end(handler, sent, play_all):
    history = play(play_all, handler, "no_answer")
    assert json.loads(history.outcome(0).reply.text) == [0, 2.0, sent, "OSError"]
    assert (closed_at(history), history.ended_at_s) == ([2.0], 2.0)
    assert [event.at_s for event in history.of(FaultReached)] == [2.0], "it has waited, and got nothing"


def test_what_had_come_can_still_be_read(play_all):
    history = play(play_all, "Buffered")
    assert history.outcome(0).reply.text == f"200 {default_text('openai', 0)}"
    assert history.ended_at_s == 0


def test_a_provider_answers_who_will_send_nothing_more_and_hangs_up(play_all):
    history = play(play_all, "UntilTheEnd")
    assert history.outcome(0).reply.text == f"200 {default_text('openai', 0)}"
    assert (closed_at(history), history.ended_at_s) == ([], 0)


def test_a_provider_hangs_up_on_who_has_asked_nothing(play_all):
    assert play(play_all, "Idle").outcome(0).reply.text == "b''"


def test_a_transport_whose_socket_is_shut_is_at_its_end(play_all):
    history = play(play_all, "Transport", "no_answer", "acomplete")
    assert history.outcome(0).reply.text == "(b'', 2.0)"
    assert closed_at(history) == [2.0]
