"""parity: routers whose ways part, routers whose ways are one, and histories written by hand."""

import pytest
from playing import COOLING, FAULTS, Playing, calls, down
from routes import CHAIN, promise_of

from llminv.contract import Chunk, Reply, Usage
from llminv.declaration.models import Cooldown, Stream
from llminv.history import (
    CallStarted,
    ChunkReceived,
    ErrorInfo,
    History,
    Raised,
    Replied,
    RequestReceived,
    Stopped,
)
from llminv.kinds import KINDS
from llminv.scenario import EVERY_CALL, Scenario
from llminv.verdict import Finding

KIND = KINDS["parity"]
PROMISE = promise_of("parity", failures=FAULTS)
WAYS = calls("complete", "stream")
ALL_DOWN = Scenario(WAYS, down(EVERY_CALL, *CHAIN))
FIRST_DOWN = Scenario(WAYS, down(EVERY_CALL, "openai"))

# router -> the minimal scenario of each code
PLANTED = {
    "StreamsFromTheFirstOnly": {"attempts_differ": FIRST_DOWN},
    "StreamFailsOtherwise": {"error_differs": ALL_DOWN},
    "StreamLosesTheFirstWord": {"text_differs": Scenario(WAYS)},
    "StreamMiscounts": {"usage_differs": Scenario(WAYS)},
    "StreamWaitsForEver": {"hang": Scenario(calls("stream"), down(0, "openai", fault="no_answer"))},
    "StreamAsksForEver": {"never_ends": Scenario(calls("stream"), down(0, "openai"))},
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


@pytest.mark.parametrize("router", ["WholeRouter", "EveryWay", "RunsALoop", "Estimates", "ReportsNothing"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, PROMISE) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels == REQUIRED


TWO = ("rate_limit", "unavailable")


@pytest.mark.parametrize(
    ("router", "faults"),
    [
        ("CoolsEveryWay", TWO),
        ("CountsAttemptsEveryWay", (*TWO, "server_error", "timeout", "invalid_key")),
    ],
)
def test_a_router_with_a_declared_cooldown_is_not_accused_of_its_memory(router, faults):
    cooldown = Cooldown(after_failures=3, seconds=60, faults=faults)
    promise = promise_of("parity", policy={"cooldown": cooldown}, failures=FAULTS)
    with Playing(router, promise, COOLING) as playing:
        minimal = playing.minimal()
    assert minimal == {}


# Histories


def play(*courses, scenario=FIRST_DOWN, took_s=1.0):
    """Two calls: what was tried ("openai:http_429", "anthropic"), then the events of its end."""
    events = []
    for call, (tried, *ends) in enumerate(courses):
        events.append(CallStarted(call * took_s, call, scenario.calls[call].operation))
        for number, step in enumerate(tried):
            provider, _, fault = step.partition(":")
            attempt = sum(earlier.startswith(provider) for earlier in tried[:number])
            where = (call * took_s, call, provider, attempt, "POST", "url")
            events.append(RequestReceived(*where, fault=fault or None))
        events += [end((call + 1) * took_s, call) for end in ends]
    return scenario, History(tuple(events))


def replies(text="Hello from anthropic to call {}.", **fields):
    return lambda at_s, call: Replied(at_s, call, Reply(text.format(call), **fields))


def says(text, **fields):
    return lambda at_s, call: ChunkReceived(at_s, call, Chunk(text.format(call), **fields))


def raises(name="NoProviderAvailable"):
    return lambda at_s, call: Raised(at_s, call, ErrorInfo(name, "no"))


def ends(at_s, call):
    return Replied(at_s, call)


def stops(at_s, call):
    return Stopped(at_s, call, "hang", "why")


MOVED = ("openai:http_429", "anthropic")
WHOLE = (MOVED, replies(usage=Usage(9, 5, 0)))
STREAMED = (MOVED, says("Hello from "), says("anthropic to call {}.", usage=Usage(9)), says("", usage=Usage(None, 5)), ends)  # fmt: skip


def finding(code, expected, observed, provider="anthropic", fault_class=None):
    expected = f"stream takes the same course as complete: {expected}"
    return Finding(code, expected, observed, 1, provider, fault_class, 2.0)


AS_DOWN = "openai (http_429) → anthropic (answers)"
FINDINGS = {
    "no fallback": (
        (WHOLE, (MOVED[:1], raises())),
        finding("attempts_differ", AS_DOWN, "openai (http_429)", "openai", "rate_limit"),
    ),
    "fewer retries": (
        ((MOVED[:1] + MOVED, replies()), STREAMED),
        finding("attempts_differ", f"openai (http_429) → {AS_DOWN}", AS_DOWN),
    ),
    "another error": (
        ((MOVED, raises()), (MOVED, raises("TimeoutError"))),
        finding("error_differs", "NoProviderAvailable", "TimeoutError"),
    ),
    "an error in place of an answer": (
        (WHOLE, (MOVED, raises())),
        finding("error_differs", "an answer", "NoProviderAvailable"),
    ),
    "another text": (
        (WHOLE, (MOVED, says("Hello"), ends)),
        finding("text_differs", "'<the answer of anthropic>'", "'Hello'"),
    ),
    "another usage": (
        (WHOLE, (MOVED, says("Hello from anthropic to call {}.", usage=Usage(9, 1)), ends)),
        finding("usage_differs", "input_tokens 9, output_tokens 5", "input_tokens 9, output_tokens 1"),
    ),
}

HOLDS = {
    "whole and streamed": (WHOLE, STREAMED),
    "usage in one way only": (WHOLE, (MOVED, says("Hello from anthropic to call {}."), ends)),
    "usage in other buckets": (
        WHOLE,
        (MOVED, says("Hello from anthropic to call {}.", usage=Usage(9, reasoning_tokens=0)), ends),
    ),
    "both fail": ((MOVED, raises()), (MOVED, raises())),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    courses, expected = FINDINGS[case]
    assert KIND.check(PROMISE, *play(*courses)) == [expected]


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, *play(*HOLDS[case])) == []


def test_what_is_excepted_may_differ():
    for case, (courses, expected) in FINDINGS.items():
        aspect = expected.code.removesuffix("_differs").removesuffix("_differ")
        promise = promise_of("parity", excepts=(aspect,))
        codes = [found.code for found in KIND.check(promise, *play(*courses))]
        follows = {"no fallback": ["error_differs"], "an error in place of an answer": ["text_differs"]}
        assert codes == follows.get(case, [])


def test_a_call_that_is_stopped_is_not_compared():
    found = KIND.check(PROMISE, *play(WHOLE, (("openai:no_answer",), stops)))
    assert [finding.code for finding in found] == ["hang"]
    assert [finding.code for finding in KIND.check(PROMISE, *play((("openai:no_answer",), stops)))] == [
        "hang"
    ]


def test_only_the_same_call_in_two_ways_is_compared():
    parted = (WHOLE, (MOVED[:1], raises()))
    for scenario in (
        Scenario(calls("stream", "stream"), FIRST_DOWN.acts),
        Scenario(calls("complete", "stream", waits=(1.0,)), FIRST_DOWN.acts),
        Scenario(WAYS, down(0, "openai")),
    ):
        assert KIND.check(PROMISE, *play(*parted, scenario=scenario)) == []
        assert KIND.exercised(PROMISE, *play(WHOLE, STREAMED, scenario=scenario)) == frozenset()


def test_near_the_end_of_the_time_chance_decides():
    assert KIND.check(PROMISE, *play(WHOLE, (MOVED[:1], raises()), took_s=280.0)) == []


def broken(fault):
    once = ((f"openai:{fault}", "anthropic"), replies())
    twice = (
        (f"openai:{fault}", f"openai:{fault}", "anthropic"),
        says("Hello from anthropic to call {}."),
        ends,
    )
    return once, twice


def test_a_broken_body_may_be_worth_another_attempt_in_a_stream_only():
    assert KIND.check(PROMISE, *play(*broken("error_inside"))) == []
    assert KIND.check(PROMISE, *play(*broken("no_choices"))) == []
    sync_and_async = Scenario(calls("complete", "acomplete"), FIRST_DOWN.acts)
    for courses, scenario in ((broken("http_429"), FIRST_DOWN), (broken("error_inside"), sync_and_async)):
        codes = [finding.code for finding in KIND.check(PROMISE, *play(*courses, scenario=scenario))]
        assert codes == ["attempts_differ"]


def test_a_stream_that_breaks_may_be_declared_an_error():
    promise = promise_of("parity", policy={"stream": Stream(broken_before_content="error")})
    whole = (("openai:error_inside", "anthropic"), replies())
    streamed = (("openai:error_inside",), raises("Broken"))
    assert KIND.check(promise, *play(whole, streamed)) == []
    assert [finding.code for finding in KIND.check(PROMISE, *play(whole, streamed))] == ["attempts_differ"]


# Labels

REQUIRED = {"both ways answered", "both ways failed", "both ways fell back"}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    one = promise_of("parity", policy={"chain": ("openai",)})
    assert KIND.required(one) == {"both ways answered", "both ways failed"}
    assert KIND.required(promise_of("parity", policy={"fallback": ()})) == {"both ways answered"}


def test_labels():
    assert KIND.exercised(PROMISE, *play(WHOLE, STREAMED)) == {"both ways answered", "both ways fell back"}
    assert KIND.exercised(PROMISE, *play((MOVED[:1], raises()), (MOVED[:1], raises()))) == {
        "both ways failed"
    }
    assert KIND.exercised(PROMISE, *play(WHOLE, (MOVED[:1], raises()))) == frozenset()


# What is played


def test_every_way_is_played_with_the_first():
    promise = promise_of("parity", failures=("http_429",))
    cells = list(KIND.cells(promise, ("complete", "acomplete", "astream")))
    first = [
        Scenario(calls("complete", "acomplete")),
        Scenario(calls("acomplete", "complete")),
        Scenario(calls("complete", "acomplete"), FIRST_DOWN.acts),
        Scenario(calls("complete", "acomplete"), ALL_DOWN.acts),
        Scenario(calls("acomplete", "complete"), FIRST_DOWN.acts),
    ]
    assert cells[:5] == first
    assert [tuple(call.operation for call in cell.calls) for cell in cells[5:]] == [
        tuple("astream" if call.operation == "acomplete" else call.operation for call in cell.calls)
        for cell in first
    ]
    assert list(KIND.examples(promise, ("complete", "stream"))) == []
    assert KIND.operations_min == 2


def test_faults_that_cool_a_provider_down_are_not_played():
    cooldown = Cooldown(after_failures=3, seconds=60, faults=("rate_limit",))
    policy = {"cooldown": cooldown}
    promise = promise_of("parity", policy=policy, failures=("http_429", "http_500"))
    assert KIND.faults(promise) == ("http_500",)
    assert KIND.reservations(promise) == ()
    nothing = promise_of("parity", policy=policy, failures=("http_429",))
    assert KIND.reservations(nothing) == (
        "after each of these faults a provider cools down, so that no second call can be the same",
    )
    assert KIND.check(promise, *play(WHOLE, (("anthropic",), replies()))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "makes every call twice, in two of the ways that the handler offers (complete, acomplete, stream, astream), "
        "with rate_limit, server_error, timeout, unavailable, invalid_key at the providers"
    )
