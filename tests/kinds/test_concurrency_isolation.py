"""concurrency_isolation: routers that mix their calls, routers that do not, and histories written by hand."""

import pytest
from playing import CALLERS, COOLING, FAULTS, Playing, calls, down
from routes import CHAIN, promise_of

from llminv.contract import Chunk, Reply, Usage
from llminv.declaration.models import Cooldown, Timeouts
from llminv.history import (
    CallStarted,
    ChunkReceived,
    ErrorInfo,
    History,
    Raised,
    Replied,
    RequestReceived,
    ResponseSent,
)
from llminv.kinds import KINDS
from llminv.scenario import Act, Said, Scenario, Script, default_text
from llminv.verdict import Finding

KIND = KINDS["concurrency_isolation"]
PROMISE = promise_of("concurrency_isolation", failures=FAULTS)
TOGETHER = calls("complete", "complete", joins=True)
IN_TURN = calls("complete", "complete")

# router -> the minimal scenario of each code
PLANTED = {
    "SharesTheRequest": {"text_mixed": Scenario(TOGETHER)},
    "RemembersEverybody": {"request_mixed": Scenario(IN_TURN)},
    "EmptiesTheBuffer": {"text_mixed": Scenario(TOGETHER), "text_lost": Scenario(TOGETHER)},
    "KeepsTheLastUsage": {
        "usage_mixed": Scenario(TOGETHER, (Script(1, "openai", then=Act(said=Said(usage=Usage()))),))
    },
    "AddsUp": {"usage_mixed": Scenario(IN_TURN)},
    "KeepsTheLastProvider": {"provider_mixed": Scenario(TOGETHER, down(1, "openai"))},
    "KeepsTheError": {"error_mixed": Scenario(IN_TURN, down(0, *CHAIN))},
    "DropsTheAnswer": {"error_mixed": Scenario(TOGETHER, down(0, "openai", fault="no_answer"))},
    "LocksCrosswise": {"hang": Scenario(TOGETHER)},
    "StaysBusy": {"never_ends": Scenario(IN_TURN, down(0, *CHAIN))},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, PROMISE) as playing:
        minimal = playing.minimal()
        kept = playing.kept(minimal)
    assert minimal == PLANTED[router]
    assert kept == []


def test_every_code_is_planted():
    assert {code for minimal in PLANTED.values() for code in minimal} == KIND.codes.keys()


RIGHT = (
    *("WholeRouter", "EveryWay", "OneAtATime", "OneAtATimeAsync", "BlocksItsLoop", "RunsALoop"),
    *("Estimates", "ReportsNothing", "Cools"),
)


@pytest.mark.parametrize("router", RIGHT)
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    """Also one that serves its calls one after another: to their callers, all are under way at once."""
    with Playing(router, PROMISE, COOLING if router == "Cools" else CALLERS) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels == REQUIRED


# Histories


def served(call, provider="openai", *, at_s=1.0, fault=None):
    """The events of one attempt, answered at `at_s` unless it failed."""
    request = RequestReceived(0.0, call, provider, 0, "POST", "url", fault=fault)
    return (request,) if fault else (request, ResponseSent(at_s, call, provider, 0, "{}", 200, "whole"))


def replied(call, text=None, at_s=1.0, **fields):
    return Replied(at_s, call, Reply(default_text("openai", call) if text is None else text, **fields))


def raised(call, at_s=1.0):
    return Raised(at_s, call, ErrorInfo("E", "no"))


def history(*events):
    started = [CallStarted(0.0, call, "complete") for call in (0, 1)]
    flat = [one for event in events for one in (event if isinstance(event, tuple) else (event,))]
    return History((*started, *sorted(flat, key=lambda event: event.at_s)), 1.0)


BOTH = (served(0), served(1))
BILLED = Scenario(TOGETHER, (Script(1, "openai", then=Act(said=Said(usage=Usage(101, 53)))),))
OWN = "call 0 gets its own answer"

FINDINGS = {
    "an answer to the other": (
        history(*BOTH, replied(0, default_text("gemini", 1)), replied(1)),
        Finding("text_mixed", OWN, "the reply 'Hello from gemini to call 1.'", 0, "gemini", None, 1.0),
    ),
    "both answers": (
        history(*BOTH, replied(0, default_text("openai", 0) + default_text("openai", 1)), replied(1)),
        Finding(
            "text_mixed",
            OWN,
            "the reply 'Hello from openai to call 0.Hello from openai to call 1.'",
            0,
            "openai",
            None,
            1.0,
        ),
    ),
    "no answer": (
        history(*BOTH, replied(0, ""), replied(1)),
        Finding("text_lost", OWN, "the reply ''", 0, "openai", None, 1.0),
    ),
    "a chunk of the other": (
        history(*BOTH, ChunkReceived(1.0, 0, Chunk(default_text("openai", 1))), Replied(1.0, 0), replied(1)),
        Finding("text_mixed", OWN, "the reply 'Hello from openai to call 1.'", 0, "openai", None, 1.0),
    ),
    "the other's usage": (
        history(*BOTH, replied(0, usage=Usage(101, 53, 0)), replied(1, usage=Usage(101, 53))),
        Finding(
            "usage_mixed",
            "call 0 reports 9 input tokens, as it was billed",
            "it reports 101, the bill of call 1",
            0,
            "openai",
            None,
            1.0,
        ),
    ),
    "the sum of both": (
        history(*BOTH, replied(0, usage=Usage(110, 58)), replied(1, usage=Usage(101, 53))),
        Finding(
            "usage_mixed",
            "call 0 reports 9 input tokens, as it was billed",
            "it reports 110, the bill of call 0 and call 1",
            0,
            "openai",
            None,
            1.0,
        ),
    ),
    "the other's provider": (
        history(served(0), served(1, "gemini"), replied(0, provider="Gemini"), replied(1, default_text("gemini", 1))),
        Finding(
            "provider_mixed",
            "call 0 reports openai, which served it",
            "it reports gemini, which served call 1",
            0,
            "openai",
            None,
            1.0,
        ),
    ),
    "an error after an answer": (
        history(*BOTH, raised(0), replied(1)),
        Finding("error_mixed", "call 0 gets the answer of openai", "E: no", 0, "openai", None, 1.0),
    ),
    "an error without a fault": (
        history(served(1), raised(0), replied(1)),
        Finding("error_mixed", "call 0 gets an answer: no provider failed it", "E: no", 0, "openai", None, 1.0),
    ),
}  # fmt: skip

HOLDS = {
    "each its own": history(*BOTH, replied(0), replied(1)),
    "in any order": history(*BOTH, replied(1, at_s=0.5), replied(0)),
    "usage as billed": history(*BOTH, replied(0, usage=Usage(9, 5, 0)), replied(1, usage=Usage(101, 53, None, 0))),
    "usage estimated": history(*BOTH, replied(0, usage=Usage(12, 8)), replied(1, usage=Usage(12, 8))),
    "no usage": history(*BOTH, replied(0), replied(1, usage=Usage(101, 53))),
    "provider stamped from the request": history(
        served(0), served(1, fault="http_429"), served(1, "gemini"), replied(0),
        replied(1, default_text("gemini", 1), provider="openai"),
    ),
    "an error after a fault": history(served(0, fault="http_429"), served(1), raised(0), replied(1)),
    "an error when the time is up": history(*BOTH, replied(1), raised(0, at_s=300.0)),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    happened, finding = FINDINGS[case]
    assert KIND.check(PROMISE, BILLED, happened) == [finding]


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, BILLED, HOLDS[case]) == []


def test_odd_usage_is_not_judged():
    happened = history(served(0), served(1), replied(0, usage=Usage(9, 5)), replied(1, usage=Usage(9, 5)))
    for fault in ("usage_missing", "usage_wrong"):
        odd = History(
            tuple(
                RequestReceived(0.0, 1, "openai", 0, "POST", "url", fault=fault)
                if isinstance(event, RequestReceived) and event.call == 1
                else event
                for event in happened.events
            )
        )
        assert KIND.check(PROMISE, BILLED, odd) == []
    assert [finding.code for finding in KIND.check(PROMISE, BILLED, happened)] == ["usage_mixed"]


def test_with_a_cooldown_the_failures_of_others_count():
    cooldown = Cooldown(after_failures=1, seconds=60, faults=("rate_limit",))
    promise = promise_of("concurrency_isolation", policy={"cooldown": cooldown})
    happened = history(served(1, fault="http_429"), raised(1), raised(0))
    assert KIND.check(promise, BILLED, happened) == []
    assert [finding.code for finding in KIND.check(PROMISE, BILLED, happened)] == ["error_mixed"]


def test_a_prompt_of_two_calls():
    request = RequestReceived(0.0, 1, "openai", 0, "POST", "url", body="(llminv-call-0) and (llminv-call-1)")
    (finding,) = KIND.check(PROMISE, BILLED, History((request,)))
    assert finding == Finding(
        "request_mixed",
        "a request to openai carries the prompt of one call",
        "it carries the prompts of calls 0, 1",
        0,
        "openai",
        None,
        0.0,
    )


# Labels

AT_ONCE, APART = "calls were under way at once", "one call failed over while another did not"
REQUIRED = {AT_ONCE, APART}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    for policy in ({"chain": ("openai",)}, {"fallback": ()}):
        assert KIND.required(promise_of("concurrency_isolation", policy=policy)) == {AT_ONCE}


def test_labels():
    moved = (served(0, fault="http_429"), served(0, "anthropic"), served(1))
    assert KIND.exercised(PROMISE, BILLED, history(*moved, replied(0), replied(1))) == REQUIRED
    assert KIND.exercised(PROMISE, BILLED, history(*BOTH, replied(0), replied(1))) == {AT_ONCE}
    assert KIND.exercised(PROMISE, BILLED, history(replied(0), replied(1))) == frozenset()  # no request
    later = [CallStarted(1.0, 1, "complete") if event == CallStarted(0.0, 1, "complete") else event
             for event in history(*moved, replied(0), replied(1, at_s=2.0)).events]  # fmt: skip
    assert KIND.exercised(PROMISE, BILLED, History(tuple(later))) == frozenset()


# What is played


def test_calls_of_a_scenario_are_made_in_one_way_and_most_start_together():
    promise = promise_of("concurrency_isolation", failures=("http_429",))
    cells = list(KIND.cells(promise, ("complete", "acomplete")))
    assert len(cells) == 12
    assert all(len({call.operation for call in cell.calls}) == 1 for cell in cells)
    assert {tuple(call.joins for call in cell.calls) for cell in cells} == {
        (False, True),
        (False, True, True, True),
        (False, True, False),
    }
    assert list(KIND.examples(promise, ("complete",))) == []


def test_answers_take_no_longer_than_the_policy_lets_them():
    policy = {"timeouts": Timeouts(first_token_s=2, attempt_s=2, total_s=4)}
    promise = promise_of("concurrency_isolation", policy=policy)
    delays = {row.then.delay_s for cell in KIND.cells(promise, ("complete",)) for row in cell.acts}
    assert delays == {0.25, 0.5}


def test_a_silent_policy_does_not_matter_to_isolation():
    assert KIND.reservations(promise_of("concurrency_isolation", policy={"fallback": ()})) == ()


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "makes 2 to 4 calls, together or one after another, each with a prompt and answer of its own, while "
        "rate_limit, server_error, timeout, unavailable, invalid_key happen to some of them"
    )
