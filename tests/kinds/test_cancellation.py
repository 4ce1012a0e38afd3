"""cancellation: routers on which something goes on when the consumer stops, and routers that let go."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from playing import Playing
from routes import promise_of

from llminv.contract import Chunk, Reply
from llminv.history import (
    CallStarted,
    ChunkReceived,
    ConnectFailed,
    ConnectionClosed,
    ConsumerStopped,
    ErrorInfo,
    History,
    Raised,
    Released,
    Replied,
    RequestReceived,
    ResponseSent,
)
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.verdict import Finding

# A handler that the world stops leaves its connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUTERS = Path(__file__).with_name("stopping_routers.py")
KIND = KINDS["cancellation"]
PROMISE = promise_of("cancellation", policy={"chain": ("openai", "anthropic")}, failures=("http_429",))
SHIPPED = promise_of("cancellation")


def stopped(operation="stream", *later, gap_s=0.0, **stop):
    """The scenario in which a consumer stops, by default after a first chunk, and later calls follow."""
    acts = (Script(0, "openai", then=Act(gap_s=gap_s)),) if gap_s else ()
    return Scenario((Call(operation, **(stop or {"stop_after": 1})), *later), acts)


# router -> the minimal scenario of each code
PLANTED = {
    "LeavesOpen": {"left_open": stopped("stream", Call("stream", wait_s=2.0), gap_s=1.0)},
    "ReadsToTheEnd": {"left_open": stopped("stream", gap_s=1.0)},
    "PumpsOn": {"left_open": stopped("astream", Call("astream", wait_s=2.0), gap_s=1.0)},
    "NoticesWithTheNextChunk": {"left_open": stopped("astream", Call("astream", wait_s=2.0), gap_s=2.0)},
    "TakesItForAFailure": {"asked_again": stopped("astream")},
    "RemembersItAsAFailure": {"later_call_failed": stopped("stream", Call("stream"))},
    "WaitsForTheEnd": {"hang": stopped()},
    "CannotLetGo": {"never_ends": stopped()},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, PROMISE, ROUTERS) as playing:
        minimal = playing.minimal()
        assert minimal == PLANTED[router]
        assert playing.kept(minimal) == []


@pytest.mark.parametrize("router", ["Right", "Blocking", "Drains", "Pumps", "Sentences", "LooksAhead"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, PROMISE, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(PROMISE)


@settings(database=None, derandomize=True)
@given(KIND.strategy(promise_of("cancellation"), ("astream",)))
def test_nobody_is_cancelled_at_the_moment_at_which_something_comes(scenario):
    """What is due from providers is due at whole seconds."""
    stopped, _ = scenario.calls
    assert stopped.stop_after_s is None or stopped.stop_after_s % 1 == 0.25
    acts = [act for row in scenario.acts for act in (*row.attempts, row.then)]
    assert {seconds % 1 for act in acts for seconds in (act.delay_s, act.gap_s)} <= {0.0}


def test_every_code_is_planted():
    assert {code for codes in PLANTED.values() for code in codes} == KIND.codes.keys()


def test_a_router_that_holds_everything_back_exercises_nothing():
    with Playing("Announces", PROMISE, ROUTERS) as playing:
        for scenario in playing.kind.cells(PROMISE, playing.operations):
            late = Scenario((Call("stream", stop_after=2), scenario.calls[1]), scenario.acts)
            assert playing.findings(late) == []
    assert not any("sending" in label for label in playing.labels)


# Histories written by hand

GOING_ON = stopped("stream", Call("stream", wait_s=2.0), gap_s=1.0)
ASKED = (
    CallStarted(0.0, 0, "stream"),
    RequestReceived(0.0, 0, "openai", 0, "POST", "url"),
    ResponseSent(1.0, 0, "openai", 0, "data: {}", 200),
    ChunkReceived(1.0, 0, Chunk("Hello")),
)
STOPS = ConsumerStopped(1.0, 0)
CLOSED = ConnectionClosed(1.0, 0, "openai", 0)
LATER = (
    CallStarted(3.5, 1, "stream"),
    RequestReceived(3.5, 1, "openai", 0, "POST", "url"),
    ResponseSent(3.5, 1, "openai", 0, "data: {}", 200, "whole"),
    ChunkReceived(3.5, 1, Chunk(default_text("openai", 1))),
    Replied(3.5, 1),
)
FOLLOWING = RequestReceived(1.5, 0, "anthropic", 0, "POST", "url")


def history(*after, before=ASKED, later=LATER):
    return History((*before, STOPS, *after, *later), 3.5)


def ended(at_s, end="whole"):
    return ResponseSent(at_s, 0, "openai", 0, "data: [DONE]", None, end)


OPEN = ("left_open", "the connection to openai is closed within 1 s")
AGAIN = ("asked_again", "nobody is asked for a consumer that has stopped")
FAILED = ("later_call_failed", "a later call is answered")
FINDINGS = {
    "closed late": (
        (ConnectionClosed(2.5, 0, "openai", 0),),
        {},
        (*OPEN, "it was closed 1.5 s after the consumer had stopped", 0, "openai", 2.0),
    ),
    "read to the end": (
        (ResponseSent(2.0, 0, "openai", 0, "data: {}"), ended(3.0)),
        {},
        (*OPEN, "it was read to the end of the answer 2 s after the consumer had stopped", 0, "openai", 2.0),
    ),
    "left as it is": (
        (Released(1.0, 0),),
        {},
        (*OPEN, "it stayed open, and nobody read from it", 0, "openai", 2.0),
    ),
    "read on": (
        (Released(1.0, 0), ResponseSent(2.0, 0, "openai", 0, "data: {}")),
        {},
        (*OPEN, "it stayed open, and was read from", 0, "openai", 2.0),
    ),
    "the next provider": (
        (CLOSED, FOLLOWING, RequestReceived(2.5, 0, "openai", 1, "POST", "url")),
        {},
        (*AGAIN, "anthropic was asked 0.5 s later", 0, "anthropic", 1.5),
    ),
    "the next provider, in vain": (
        (CLOSED, ConnectFailed(1.5, 0, "anthropic", 0, "connection_refused", "host")),
        {},
        (*AGAIN, "anthropic was asked 0.5 s later", 0, "anthropic", 1.5),
    ),
    "an error": (
        (CLOSED,),
        {"later": (LATER[0], Raised(3.5, 1, ErrorInfo("PoolTimeout", "")))},
        (*FAILED, "it got '', and then PoolTimeout", 1, None, 3.5),
    ),
    "what is left of the other stream": (
        (CLOSED,),
        {"later": (LATER[0], ChunkReceived(3.5, 1, Chunk(" from")), Replied(3.5, 1))},
        (*FAILED, "it got ' from', and then the end of the stream", 1, None, 3.5),
    ),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    after, other, (code, expected, observed, call, provider, at_s) = FINDINGS[case]
    assert KIND.check(SHIPPED, GOING_ON, history(*after, **other)) == [
        Finding(code, expected, observed, call, provider, at_s=at_s)
    ]


ALL_SENT = stopped("stream", Call("stream", wait_s=2.0))
HOLDS = {
    "closed in time": (GOING_ON, history(ConnectionClosed(2.0, 0, "openai", 0))),
    "drained in time": (GOING_ON, history(ended(1.9))),
    "ended by the provider": (GOING_ON, history(ended(1.5, "reset"))),
    "all of it was sent": (ALL_SENT, history(Released(1.0, 0))),
    "over before the consumer stopped": (GOING_ON, history(before=(*ASKED, ended(1.0)))),
    "nothing is known of the time after": (GOING_ON, History((*ASKED, STOPS), 2.0)),
    "a connection was on its way": (
        GOING_ON,
        history(CLOSED, ConnectFailed(6.0, 0, "anthropic", 0, "connect_timeout", "host", since_s=0.5)),
    ),
    "tokens are counted": (
        GOING_ON,
        history(CLOSED, RequestReceived(1.5, 0, "anthropic", -1, "POST", "count")),
    ),
    "a whole reply": (
        GOING_ON,
        history(CLOSED, later=(LATER[0], Replied(3.5, 1, Reply(default_text("anthropic", 1))))),
    ),
    "a later call that nobody answers": (
        Scenario(GOING_ON.calls, (*GOING_ON.acts, Script(1, "openai", then=Act("http_429")))),
        history(CLOSED, later=(LATER[0], Raised(3.5, 1, ErrorInfo("NoProviderAvailable", "")))),
    ),
    "nobody stopped": (GOING_ON, History((*ASKED, Raised(1.0, 0, ErrorInfo("E", "")), LATER[0]), 3.5)),
}


@pytest.mark.parametrize("case", HOLDS)
def test_what_keeps_the_law_or_tells_nothing(case):
    assert KIND.check(SHIPPED, *HOLDS[case]) == []


def test_a_longer_time_may_be_declared():
    longer = SHIPPED.model_copy(update={"invariant": SHIPPED.invariant.model_copy(update={"within_s": 2.0})})
    late = history(ConnectionClosed(2.5, 0, "openai", 0))
    assert KIND.check(longer, GOING_ON, late) == []
    first = next(iter(KIND.cells(longer, ["stream"])))
    assert (first.calls[1].wait_s, first.script(0, "openai").then.gap_s) == (3.0, 4.0)
