"""Handlers of any shape play unmodified: pools of threads, calls off the loop, a loop in a thread."""

import concurrent.futures.thread
from pathlib import Path

import pytest

from llminv.audit.worker import Worker
from llminv.history import Replied, RequestReceived
from llminv.runner import Runner
from llminv.scenario import Act, Call, Scenario, Script

OPERATIONS = {
    "OwnPool": "complete",
    "ModulePool": "complete",
    "ToThread": "acomplete",
    "OwnLoop": "complete",
    "LeftRunning": "complete",
}
FOLDER = Path(__file__).parent / "handlers"
HELLO = "Hello from openai to call 0."


@pytest.fixture
def play(setting):
    """Return what plays a scenario, another one and the first again, whose history must be the same twice."""

    def play(shape, operation, *attempts, then=None):
        scenario = Scenario((Call(operation),), (Script(0, "openai", tuple(map(Act, attempts)), Act(then)),))
        other = Scenario((Call(operation),), (Script(0, "openai", then=Act("stall")),))
        with Worker(setting, f"concurrent_shapes.py:{shape}", 60.0, FOLDER) as worker:
            first, _, again = [worker.play(plan) for plan in (scenario, other, scenario)]
        assert first == again
        return first

    return play


@pytest.mark.parametrize("shape", OPERATIONS)
def test_every_answer_arrives(shape, play):
    history = play(shape, OPERATIONS[shape])
    assert history.outcome(0).reply.text == " ".join([HELLO] * 3)
    assert [(event.attempt, event.call) for event in history.of(RequestReceived)] == [(0, 0), (1, 0), (2, 0)]
    assert history.ended_at_s == 0.0


@pytest.mark.parametrize("shape", OPERATIONS)
def test_waits_in_parallel_take_as_long_as_one(shape, play):
    history = play(shape, OPERATIONS[shape], then="no_answer")
    assert [event.at_s for event in history.of(RequestReceived)] == [0.0, 0.0, 0.0]
    assert (history.outcome(0).error.type, history.outcome(0).at_s) == ("APITimeoutError", 20.0)


@pytest.mark.parametrize("shape", OPERATIONS)
def test_one_of_three_fails(shape, play):
    history = play(shape, OPERATIONS[shape], None, "http_500")
    assert (history.outcome(0).error.type, history.outcome(0).at_s) == ("InternalServerError", 0.0)


@pytest.mark.parametrize(
    ("attempts", "at_s", "asked_at_s"),
    [((), 0.0, [0.0]), (("no_answer",), 2.0, [0.0, 2.0]), (("no_answer", "no_answer"), None, [0.0, 2.0])],
)
def test_a_request_that_is_hedged(attempts, at_s, asked_at_s, play):
    history = play("Hedged", "complete", *attempts)
    assert [event.at_s for event in history.of(RequestReceived)] == asked_at_s
    outcome = history.outcome(0)
    if at_s is None:
        assert (outcome.error.type, outcome.at_s) == ("APITimeoutError", 20.0)
    else:
        assert outcome == Replied(at_s, 0, outcome.reply)
        assert outcome.reply.text == HELLO


def test_pools_that_were_imported_before_do_not_stop_each_other(setting, monkeypatch):
    """Both calls start the thread of a pool at once, under a lock that concurrent.futures made when it was loaded."""
    kinds = FOLDER.parents[1] / "kinds"
    monkeypatch.syspath_prepend(str(kinds))
    real = concurrent.futures.thread._global_shutdown_lock
    with Runner(setting, f"{kinds / 'callers.py'}:RunsALoop") as runner:
        assert concurrent.futures.thread._global_shutdown_lock is not real
        history = runner.play(Scenario((Call("complete"), Call("complete", joins=True))))
    assert concurrent.futures.thread._global_shutdown_lock is real
    assert all(isinstance(history.outcome(call), Replied) for call in range(2))


@pytest.mark.parametrize(("shape", "operation"), [("SetOfTasks", "acomplete"), ("SetOfFutures", "complete")])
def test_what_is_kept_in_a_set_has_the_same_order_each_time(shape, operation, setting):
    scenario = Scenario((Call(operation),))
    with Worker(setting, f"concurrent_shapes.py:{shape}", 60.0, FOLDER) as worker:
        texts = [worker.play(scenario).outcome(0).reply.text for _ in range(5)]
    assert texts == [" ".join(map(str, range(12)))] * 5
