"""incremental: routers that hold text back, routers that do not, and what is left open."""

from dataclasses import replace
from pathlib import Path

import pytest
from playing import Playing
from routes import promise_of

from llminv.contract import Chunk
from llminv.history import CallStarted, ChunkReceived, History, Replied, RequestReceived, ResponseSent
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Said, Scenario, Script
from llminv.verdict import Finding

# A handler that the world stops leaves its connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUTERS = Path(__file__).with_name("stopping_routers.py")
KIND = KINDS["incremental"]
PROMISE = promise_of("incremental", policy={"chain": ("openai", "anthropic")}, failures=("http_429",))
SHIPPED = promise_of("incremental")


def streamed(act=None):
    return Scenario((Call("stream"),), (Script(0, "openai", then=act),) if act else ())


WORD_BY_WORD = streamed(Act(said=Said(times=8), gap_s=1.0))
# router -> the minimal scenario of each code
PLANTED = {
    "Announces": {"first_text_too_late": WORD_BY_WORD},
    "WaitsForTheReason": {"first_text_too_late": WORD_BY_WORD},
    "Fakes": {"first_text_too_late": WORD_BY_WORD},
    "WaitsForTheWorld": {"hang": streamed()},
    "NeverHandsOut": {"never_ends": streamed()},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, PROMISE, ROUTERS) as playing:
        minimal = playing.minimal()
        assert minimal == PLANTED[router]
        assert playing.kept(minimal) == []


@pytest.mark.parametrize("router", ["Right", "Blocking", "Sentences", "LooksAhead", "Strings"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, PROMISE, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(PROMISE)


def test_every_code_is_planted():
    assert {code for codes in PLANTED.values() for code in codes} == KIND.codes.keys()


# Histories written by hand

SLOW = Act(said=Said(" Hello.", 40), gap_s=1.0)
WORD = 'data: {"content": " Hello."}\n'
STREAM = [WORD * 39, WORD, 'data: {"finish": "stop"}\n']
BEGUN = (
    CallStarted(0.0, 0, "stream"),
    RequestReceived(1.0, 0, "openai", 0, "POST", "url"),
)


def history(first_s, sent=STREAM, text="Hello.", end="whole"):
    """openai says the parts of `sent` at 2, 3, 4 s and so on; the consumer gets text at `first_s`."""
    *before, last = [
        ResponseSent(2.0 + at, 0, "openai", 0, part, None if at else 200) for at, part in enumerate(sent)
    ]
    events = [*before, replace(last, end=end)]
    if first_s is not None:
        events += [ChunkReceived(first_s, 0, Chunk("")), ChunkReceived(first_s, 0, Chunk(text))]
    events = sorted(events, key=lambda event: event.at_s)  # stable
    return History((*BEGUN, *events, Replied(9.0, 0)), 9.0)


def found(scenario, happened, promise=SHIPPED):
    return KIND.check(promise, scenario, happened)


def test_the_finding():
    assert found(streamed(SLOW), history(3.0)) == [
        Finding(
            "first_text_too_late",
            "the consumer has text before openai has sent the last of 40 words, 2 s after the request",
            "it got the first 2 s after the request",
            provider="openai",
            at_s=3.0,
        )
    ]


def test_who_closes_the_connection_behind_the_last_event_has_had_all_words():
    closed = history(3.0, end=None)
    assert [finding.code for finding in found(streamed(SLOW), closed)] == ["first_text_too_late"]


def test_an_answer_that_was_not_asked_for_as_a_stream_is_sent_when_it_is_whole():
    whole = history(3.0, sent=['{"content": "', ' Hello. Hello."}'])
    assert [finding.code for finding in found(streamed(SLOW), whole)] == ["first_text_too_late"]


HOLDS = {
    "just before the last word": (streamed(SLOW), history(2.9)),
    "no text at all": (streamed(SLOW), history(None)),
    "chunks without text": (streamed(SLOW), history(4.0, text="")),
    "too few words to tell": (streamed(Act(said=Said(" Hello.", 39), gap_s=1.0)), history(4.0)),
    "all at once": (streamed(Act(said=Said(" Hello.", 40))), history(4.0)),
    "in one delta": (streamed(Act(said=Said(" Hello.", 40, deltas="whole"), gap_s=1.0)), history(4.0)),
    "a few large deltas": (streamed(Act(said=Said(" Hello.", 40, sizes=(200,)), gap_s=1.0)), history(4.0)),
    "not all of the words": (streamed(SLOW), history(4.0, sent=[WORD, WORD, "data: {}"], end="closed")),
    "no answer": (streamed(SLOW), History(BEGUN, 9.0)),
}


@pytest.mark.parametrize("case", HOLDS)
def test_what_tells_nothing_is_not_judged(case):
    assert found(*HOLDS[case]) == []


def test_a_handler_may_hold_back_what_is_declared():
    fewer = SHIPPED.model_copy(update={"invariant": SHIPPED.invariant.model_copy(update={"words": 3})})
    short = streamed(Act(said=Said(" Hello.", 3), gap_s=1.0))
    assert found(short, history(3.0)) == []
    assert [finding.code for finding in found(short, history(3.0), fewer)] == ["first_text_too_late"]
    assert next(iter(KIND.cells(fewer, ["stream"]))).script(0, "openai").then.said.times == 3
