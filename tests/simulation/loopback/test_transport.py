"""A runner and an audit over loopback: real handlers in real time, and nothing gets out of the machine."""

import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from routes import promise_of

from llminv.audit.engine import Options, run
from llminv.history import HostRefused, Stopped
from llminv.kinds import KINDS
from llminv.runner import Runner
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.verdict import Status

FOLDER = Path(__file__).parent
COMPLETE = Scenario((Call("complete"),))
FAULTS = ("http_429", "connection_refused", "connection_reset", "no_answer", "body_closed")
FALLBACK = promise_of(
    "fallback_order", failures=FAULTS, max_examples=3, policy={"chain": ("openai", "deepseek")}
)


@pytest.fixture
def play(setting):
    def play(name, *scenarios):
        with Runner(setting, f"{FOLDER / 'real_time_routers.py'}:{name}", transport="loopback") as runner:
            histories = [runner.play(scenario) for scenario in scenarios]
        return histories if len(histories) > 1 else histories[0]

    return play


def audited(name, promise, **options):
    options = Options(
        **{
            "seed": 1,
            "folder": FOLDER,
            "transport": "loopback",
            "scenario_limit_s": 60.0,
            **options,
        }
    )
    (result,) = run([promise], f"real_time_routers.py:{name}", KINDS, options).results
    return result


def test_each_refused_connection_is_counted(play):
    refused = Act("connection_refused")
    scenario = Scenario(
        COMPLETE.calls * 2, (Script(0, "openai", (refused,)), Script(1, "openai", (refused,)))
    )
    history = play("Router", scenario)
    for call in (0, 1):
        assert history.outcome(call).reply.text == default_text("deepseek", call)
        assert [(attempt.provider, attempt.fault) for attempt in history.attempts(call)] == [
            ("openai", "connection_refused"),
            ("deepseek", None),
        ]


def test_one_scenario_leaves_nothing_to_the_next(play):
    down = Scenario(COMPLETE.calls, (Script(0, "openai", then=Act("connection_refused")),))
    texts = [history.outcome(0).reply.text for history in play("Router", COMPLETE, down, COMPLETE)]
    assert texts == [default_text(name, 0) for name in ("openai", "deepseek", "openai")]


def test_a_program_that_the_handler_starts_reaches_the_provider(play):
    history = play("Program", COMPLETE)
    assert history.outcome(0).reply.text == default_text("openai", 0)
    assert [attempt.status for attempt in history.attempts(0)] == [200]


def test_other_machines_are_refused_and_named(play):
    history = play("Elsewhere", COMPLETE)
    refused = "HostRefusedError"
    assert history.outcome(0).reply.text == f"{refused} {refused} {refused} passed"
    assert [(event.host, event.port) for event in history.of(HostRefused)] == [
        ("api.openai.com", 443),
        ("192.0.2.1", 443),
        ("192.0.2.1", 53),
    ]


def test_a_flood_is_stopped(play):
    history = play("Floods", COMPLETE)
    assert isinstance(history.outcome(0), Stopped)
    assert history.outcome(0).reason == "flood"


def test_the_process_is_as_before(play):
    def state():
        return (
            dict(os.environ),
            socket.socket,
            time.sleep,
            threading.Lock,
            threading.enumerate(),
            sys.stdout,
            sys.getrecursionlimit(),
            len(list(Path("/dev/fd").iterdir())),
        )

    play("Router", COMPLETE)  # what is loaded once stays
    before = state()
    play("Router", COMPLETE)
    assert state() == before


@pytest.mark.parametrize("isolation", ["none", "fork"])
def test_an_audit_in_which_the_invariant_holds(isolation):
    result = audited("Router", FALLBACK, isolation=isolation, max_examples=2)
    assert (result.verdict.status, result.verdict.reason) == (Status.HELD, "")


def test_an_audit_that_finds_a_bug_and_its_smallest_scenario():
    result = audited("Stops", FALLBACK, max_examples=1)
    assert result.verdict.status is Status.VIOLATED
    (bug,) = result.counterexamples
    assert (bug.replayed, bug.scenario.acts) == (
        True,
        (Script(0, "openai", then=Act("connection_refused")),),
    )
