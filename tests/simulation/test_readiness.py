"""Who waits until a socket is ready waits in virtual time, and sees what `recv` would."""

import pytest

from llminv.history import FaultReached
from llminv.scenario import Act, Call, Scenario, Script

WAYS = ("select_", "poll", "selector", "poll_selector", "pieces")


def scenario(act):
    return Scenario((Call("complete"),), (Script(0, "openai", then=act),))


@pytest.mark.parametrize("way", WAYS)
def test_a_socket_is_ready_when_something_has_come(way, play_all):
    acts = {"at once": Act(), "later": Act(delay_s=5.0), "reset": Act("connection_reset")}
    histories = play_all(
        f"handlers/waiting_for_sockets.py:{way}", {name: scenario(act) for name, act in acts.items()}
    )
    replies = [histories[name].outcome(0).reply.text for name in ("at once", "later")]
    assert replies == ["200 after 0.0 s", "200 after 5.0 s"]
    assert histories["reset"].outcome(0).error.type == "ConnectionResetError"


@pytest.mark.parametrize("way", WAYS)
def test_silence_is_waited_for_as_long_as_asked(way, play_all):
    (history,) = play_all(f"handlers/waiting_for_sockets.py:{way}", {0: scenario(Act("no_answer"))}).values()
    assert history.outcome(0).reply.text == "nothing after 20.0 s"
    assert [event.fault for event in history.of(FaultReached)] == ["no_answer"]


def test_two_sockets_and_one_of_them_is_shut(play_all):
    (history,) = play_all(
        "handlers/waiting_for_sockets.py:TwoAtOnce", {0: scenario(Act("no_answer"))}
    ).values()
    assert history.outcome(0).reply.text == "([1], b'', 2.0)"
