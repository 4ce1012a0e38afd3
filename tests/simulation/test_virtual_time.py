"""Waiting costs no time, takes exactly as long as asked, and ends where it would never end."""

import json
import select
import selectors
import time

import pytest

from llminv.history import FaultReached, RequestReceived
from llminv.scenario import Act, Call, Scenario, Script

SILENT = (Script(0, "openai", then=Act("no_answer")),)


def scenario(operation, acts=()):
    return Scenario((Call(operation),), acts)


@pytest.fixture
def no_real_wait(monkeypatch):
    """Fail whoever sleeps, or waits for descriptors, in real time."""
    waits = []
    monkeypatch.setattr(time, "sleep", lambda seconds: waits.append(("sleep", seconds)))
    for owner in (select, selectors.DefaultSelector):
        real = owner.select

        def watched(*args, real=real, owner=owner):
            timeout = args[-1] if args and not isinstance(args[-1], selectors.BaseSelector) else None
            if timeout is None or timeout > 0:
                waits.append((owner.__name__, timeout))
                return []
            return real(*args)

        monkeypatch.setattr(owner, "select", watched)
    return waits


@pytest.mark.parametrize(
    ("handler", "operation"), [("PatientSync", "complete"), ("PatientAsync", "acomplete")]
)
def test_600_s_and_two_retries_pass_without_a_real_wait(handler, operation, play_all, no_real_wait):
    histories = play_all(f"behaviours.py:{handler}", {"silence": scenario(operation, SILENT)})
    history = histories["silence"]
    requests = [event.at_s for event in history.of(RequestReceived)]
    pauses = [requests[1] - 600, requests[2] - requests[1] - 600]
    assert requests[0] == 0.0
    # 0.5 s and 1 s, less up to a quarter
    assert 0.375 <= pauses[0] <= 0.5
    assert 0.75 <= pauses[1] <= 1.0
    outcome = history.outcome(0)
    assert (outcome.error.type, outcome.at_s) == ("APITimeoutError", round(requests[2] + 600, 6))
    assert [event.attempt for event in history.of(FaultReached)] == [0, 1, 2]
    assert no_real_wait == []


def test_every_clock_moves_by_what_was_slept(play_all, no_real_wait):
    (history,) = play_all("behaviours.py:Clocks", {0: scenario("complete")}).values()
    *exact, whole_seconds = json.loads(history.outcome(0).reply.text)
    assert exact == [2.5] * 18
    assert whole_seconds in (2.0, 3.0)
    assert (history.outcome(0).at_s, history.ended_at_s) == (2.5, 2.5)
    assert no_real_wait == []


def test_what_a_process_has_used_is_real(play_all):
    (history,) = play_all("behaviours.py:UsedTime", {0: scenario("complete")}).values()
    assert 0 < float(history.outcome(0).reply.text) < 1


def test_what_is_left_until_a_moment_passes(play_all, no_real_wait):
    """On a clock that stayed where it is for less than half a nanosecond, it never would."""
    (history,) = play_all("behaviours.py:SleepsUntil", {0: scenario("complete")}).values()
    assert 0 <= float(history.outcome(0).reply.text) < 1e-8
    assert no_real_wait == []


@pytest.mark.parametrize(
    ("handler", "acts", "reason", "at_s"),
    [
        ("NeverGivesUp", SILENT, "hang", 0.0),
        ("NeverGivesUpAsync", SILENT, "hang", 0.0),
        ("WaitsForNothing", (), "hang", 0.0),
        ("SwallowsEverything", SILENT, "hang", 0.0),
        ("PollsForEver", (), "horizon", 86_400.0),
        ("PollsForEverAsync", (), "horizon", 86_400.0),
        ("Floods", (), "flood", 0.0),
        ("FloodsWithConnections", (Script(0, "openai", then=Act("connection_refused")),), "flood", 0.0),
    ],
)
def test_what_never_ends_is_stopped(handler, acts, reason, at_s, setting, play_all, no_real_wait):
    operation = "acomplete" if handler.endswith("Async") or handler == "WaitsForNothing" else "complete"
    stopped, after = play_all(
        f"behaviours.py:{handler}", {0: scenario(operation, acts), 1: scenario(operation, acts)}
    ).values()
    outcome = stopped.outcome(0)
    assert (type(outcome).__name__, outcome.reason, outcome.at_s) == ("Stopped", reason, at_s)
    assert after == stopped, "the next scenario starts afresh"
    assert no_real_wait == []


@pytest.mark.parametrize(
    ("handler", "operation"), [("NeverGivesUp", "complete"), ("NeverGivesUpAsync", "acomplete")]
)
def test_a_hang_has_met_the_silence_it_waits_in(handler, operation, play_all):
    (history,) = play_all(f"behaviours.py:{handler}", {0: scenario(operation, SILENT)}).values()
    assert [event.fault for event in history.of(FaultReached)] == ["no_answer"]


def test_the_operating_system_gives_up_connecting_after_127_s(play_all):
    acts = (Script(0, "openai", then=Act("connect_timeout")),)
    (history,) = play_all("behaviours.py:NeverGivesUp", {0: scenario("complete", acts)}).values()
    assert (history.outcome(0).error.type, history.outcome(0).at_s) == ("ConnectTimeout", 127.0)


def test_entropy_is_a_function_of_the_scenario(setting, play_all):
    other = Scenario((Call("complete"),), SILENT)
    histories = play_all(
        "behaviours.py:Entropy", {0: scenario("complete"), 1: scenario("complete"), 2: other}
    )
    texts = [history.outcome(0).reply.text for history in histories.values()]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    (again,) = play_all("behaviours.py:Entropy", {0: scenario("complete")}).values()
    assert again.outcome(0).reply.text == texts[0]
