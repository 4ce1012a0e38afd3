"""fallback_trigger against histories written by hand: what has to follow which fault, and what is left open."""

from dataclasses import replace

import pytest
from routes import CHAIN, answers, down, history, promise_of, raises, replies

from llminv.contract import Chunk
from llminv.declaration.models import Stream
from llminv.history import ChunkReceived, FaultReached, History, Replied, Stopped
from llminv.kinds import KINDS
from llminv.kinds.laws.due import AMBIGUOUS, EMPTY, Due, due
from llminv.scenario import Act, Call, Said, Scenario, Script
from llminv.simulation.faults import CLASSES, FAULTS
from llminv.verdict import Finding

KIND = KINDS["fallback_trigger"]
PROMISE = promise_of("fallback_trigger")
PLAIN = down()
NEXT = "anthropic is tried after openai failed with {}"
BACK = "the caller gets the error: openai failed with {}"
GIVEN = "the answer of openai, which came in the way of {}, goes to the caller"

# What happened -> the finding: code, expected, observed, fault class, second.
FINDINGS = {
    "a quota that does not move on": (
        history("openai:quota_exhausted", ends=raises("RateLimitError", "429")),
        ("not_moved_on", NEXT.format("quota_exhausted"), "RateLimitError: 429", "quota", 1.0),
    ),
    "the exhaustion error although others are left": (
        history("openai:http_401", ends=raises()),
        (
            *("not_moved_on", NEXT.format("http_401")),
            *("NoProviderAvailable: openai, anthropic, deepseek, gemini", "invalid_key", 1.0),
        ),
    ),
    "a page of HTML for an answer": (
        history("openai:html_200", ends=replies("<!DOCTYPE html>")),
        ("returned_as_content", NEXT.format("html_200"), "the reply '<!DOCTYPE html>'", "malformed", 1.0),
    ),
    "after retries too": (
        history(*["openai:http_500"] * 3, ends=replies("")),
        ("returned_as_content", NEXT.format("http_500"), "the reply ''", "server_error", 1.0),
    ),
    "a bad request moves on": (
        history("openai:http_400", "anthropic", ends=answers("anthropic")),
        ("moved_on", BACK.format("http_400"), "anthropic was called", "bad_request", 0.1),
    ),
    "a refusal of content is an apology": (
        history("openai:content_refused", ends=replies("I cannot.")),
        (
            "returned_as_content",
            BACK.format("content_refused"),
            "the reply 'I cannot.'",
            "content_policy",
            1.0,
        ),
    ),
    "a bad request is summed up": (
        history("openai:http_422", ends=raises(message="all")),
        ("wrong_error", BACK.format("http_422"), "NoProviderAvailable: all", "bad_request", 1.0),
    ),
    "a refusal that is stumbled over": (
        history("openai:content_refused", ends=raises("KeyError", "'choices'", module="builtins")),
        (
            *("wrong_error", BACK.format("content_refused")),
            *("KeyError: 'choices', which does not say what openai refused", "content_policy", 1.0),
        ),
    ),
    "a rejection that says nothing": (
        history("openai:http_422", ends=raises("RuntimeError", "the model failed", module="builtins")),
        (
            *("wrong_error", BACK.format("http_422")),
            *("RuntimeError: the model failed, which does not say what openai refused", "bad_request", 1.0),
        ),
    ),
    "a slow answer moves on": (
        history("openai:slow_headers", "anthropic", ends=answers("anthropic")),
        ("answer_refused", GIVEN.format("slow_headers"), "anthropic was called", "harmless", 0.1),
    ),
    "an answer is asked for again": (
        history("openai:usage_missing", "openai", ends=answers("openai")),
        ("answer_refused", GIVEN.format("usage_missing"), "openai was called", "harmless", 0.1),
    ),
    "a compressed answer is an error": (
        history("openai:gzip", ends=raises("DecodeError", "gzip")),
        ("answer_refused", GIVEN.format("gzip"), "DecodeError: gzip", "harmless", 1.0),
    ),
    "a compressed answer is not unpacked": (
        history("openai:gzip", ends=replies("x")),
        ("answer_refused", GIVEN.format("gzip"), "the caller got 'x'", "harmless", 1.0),
    ),
    "waits for ever": (
        history("openai:no_answer", ends=lambda at_s: Stopped(at_s, 0, "hang", "why")),
        ("hang", "the call ends, with a reply or an error", "it never ends: why", "timeout", 1.0),
    ),
    "floods": (
        history("openai:http_429", ends=lambda at_s: Stopped(at_s, 0, "flood", "why")),
        ("never_ends", "the call ends, with a reply or an error", "it never ends: why", "rate_limit", 1.0),
    ),
}

HOLDS = {
    "a fault moves on": history("openai:http_404", ends=raises("NotFoundError", "404")),
    "to whomever": history("openai:http_429", "gemini", ends=answers("gemini")),  # fallback_order's affair
    "with retries": history(*["openai:http_429"] * 3, "anthropic", ends=answers("anthropic")),
    "a retry that meets a refusal": history(
        "openai:http_429", "openai:http_400", ends=raises("BadRequestError")
    ),
    "a refusal further on": history("openai:http_429", "anthropic:http_413", ends=raises("TooLargeError")),
    "an error that is like the exhaustion error": history(
        "openai:http_400", ends=raises("Refused", bases=("NoProviderAvailable",))
    ),
    "none is left": history(*(f"{name}:http_429" for name in CHAIN), ends=replies("Sorry.")),  # exhaustion's
    "the time is up": history("openai:no_answer", ends=raises("TimeoutError"), ended_at_s=300.0),
    "words around a slow answer": history("openai:slow_drip", ends=replies("> Hello from openai to call 0.")),
    "nothing was tried": history(ends=raises("UnsupportedRequestError")),
    "an answer that is thrown away": history("openai", ends=raises("ValueError")),  # fallback_order's
    "one that follows redirects, and one that does not": history("openai:http_307", ends=raises("TooMany")),
    "one that believes the type": history(
        "openai:wrong_content_type", "anthropic", ends=answers("anthropic")
    ),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    happened, (code, expected, observed, fault_class, at_s) = FINDINGS[case]
    assert KIND.check(PROMISE, PLAIN, happened) == [
        Finding(code, expected, observed, 0, "openai", fault_class, at_s)
    ]


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, PLAIN, HOLDS[case]) == []


def test_a_fault_that_the_handler_did_not_meet_is_not_judged():
    happened = history("openai:http_400", "anthropic", ends=answers("anthropic"))
    unmet = History(tuple(event for event in happened.events if not isinstance(event, FaultReached)))
    assert KIND.check(PROMISE, PLAIN, unmet) == []


def codes(policy, *steps, ends, scenario=PLAIN):
    promise = promise_of("fallback_trigger", policy=policy)
    return [finding.code for finding in KIND.check(promise, scenario, history(*steps, ends=ends))]


def test_what_the_policy_names_is_judged_as_it_says():
    moved = ("openai:http_307", "anthropic")
    assert codes({"raise_": ("http_307",)}, *moved, ends=answers("anthropic")) == ["moved_on"]
    moved = ("openai:usage_missing", "anthropic")
    assert codes({"fallback": ("usage_missing",)}, *moved, ends=answers("anthropic")) == []
    assert codes({"fallback": ()}, "openai:http_429", ends=replies("Sorry.")) == []


def streams(act):
    return Scenario((Call("stream"),), (Script(0, "openai", then=act),))


def test_streams():
    broken = streams(Act("body_reset", after=0))
    assert codes({}, "openai:body_reset", ends=raises("ReadError"), scenario=broken) == ["not_moved_on"]
    late = streams(Act("body_reset", after=1))
    assert codes({}, "openai:body_reset", ends=raises("ReadError"), scenario=late) == []
    error = {"stream": Stream(broken_before_content="error")}
    moved = ("openai:body_reset", "anthropic")
    assert codes(error, *moved, ends=answers("anthropic"), scenario=broken) == ["moved_on"]
    assert codes(error, "openai:body_reset", ends=raises("ReadError"), scenario=broken) == []
    ends = lambda at_s: Replied(at_s, 0)  # noqa: E731
    assert codes({}, "openai:body_reset", ends=ends, scenario=broken) == ["returned_as_content"]


def test_what_a_stream_gave_is_all_its_text():
    happened = history("openai:slow_drip", ends=lambda at_s: Replied(at_s, 0))
    pieces = [ChunkReceived(0.5, 0, Chunk(text)) for text in ("Hello from openai ", "to call 0.")]
    whole = replace(happened, events=(*happened.events[:-1], *pieces, happened.events[-1]))
    scenario = streams(Act("slow_drip"))
    assert KIND.check(PROMISE, scenario, whole) == []
    assert [finding.code for finding in KIND.check(PROMISE, scenario, happened)] == ["answer_refused"]


def test_an_empty_answer_is_what_the_policy_says():
    empty = Scenario(PLAIN.calls, (Script(0, "openai", then=EMPTY),))
    assert codes({}, "openai", ends=replies(""), scenario=empty) == []
    assert codes({}, "openai", "anthropic", ends=answers("anthropic"), scenario=empty) == ["answer_refused"]
    assert codes({}, "openai", ends=raises("ValueError"), scenario=empty) == ["answer_refused"]


def test_an_answer_without_a_word_may_be_read_as_empty_where_it_ends_well():
    nothing = ("openai:http_429", "anthropic:no_choices")
    assert codes({}, *nothing, ends=replies("")) == []
    assert codes({"empty_answer": "malformed"}, *nothing, ends=replies("")) == ["returned_as_content"]
    assert codes({}, *nothing, ends=replies("{}")) == ["returned_as_content"]
    assert codes({}, "openai:no_choices", ends=replies("")) == ["returned_as_content"]


POLICY = PROMISE.policy


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_table_has_what_is_due_by_its_class(fault):
    wanted = {"bad_request": Due.ERROR, "content_policy": Due.ERROR, "harmless": Due.ANSWER}
    expected = None if fault in AMBIGUOUS else wanted.get(FAULTS[fault].fault_class, Due.NEXT)
    assert due(POLICY, "complete", Act(fault)) == expected
    assert due(POLICY, "stream", Act(fault)) == expected


@pytest.mark.parametrize(
    ("policy", "operation", "act", "expected"),
    [
        ({}, "complete", Act(), Due.ANSWER),
        ({}, "complete", Act(said=Said(times=2)), Due.ANSWER),
        ({"empty_answer": "malformed"}, "complete", EMPTY, Due.NEXT),
        (
            {"fallback": (), "raise_": ("malformed",), "empty_answer": "malformed"},
            "complete",
            EMPTY,
            Due.ERROR,
        ),
        ({"fallback": (), "empty_answer": "malformed"}, "complete", EMPTY, None),
        (
            {"timeouts": POLICY.timeouts.model_copy(update={"first_token_s": 5.0})},
            "complete",
            Act("slow_headers"),
            None,
        ),
        ({"timeouts": POLICY.timeouts.model_copy(update={"idle_s": 0.5})}, "stream", Act("slow_drip"), None),
        ({"stream": Stream(broken_before_content="error")}, "complete", Act("stall"), Due.NEXT),
        ({"stream": Stream(broken_before_content="error")}, "stream", Act("stall"), Due.ERROR),
        ({"stream": Stream(broken_before_content="error")}, "stream", Act("http_500"), Due.NEXT),
        ({"stream": Stream(broken_before_content="error")}, "stream", Act("html_200"), None),
        ({"fallback": (), "raise_": ("timeout",)}, "stream", Act("stall"), None),
        ({}, "complete", Act("stall", after=3), Due.NEXT),
        ({}, "stream", Act("stall", after=3), None),
    ],
)
def test_what_is_due(policy, operation, act, expected):
    assert due(POLICY.model_copy(update=policy), operation, act) == expected


def test_labels():
    steps = ("openai:http_429", "anthropic:http_307", "deepseek:slow_drip")
    happened = history(*steps, ends=answers("deepseek"))
    labels = {"rate_limit met at openai", "harmless met at deepseek"}
    assert KIND.exercised(PROMISE, PLAIN, happened) == labels
    unmet = [event for event in happened.events if not isinstance(event, FaultReached)]
    assert KIND.exercised(PROMISE, PLAIN, History(tuple(unmet))) == frozenset()


REQUIRED = {f"{word} met at {provider}" for word in CLASSES for provider in CHAIN[:3]} | {
    f"{word} met at gemini" for word in ("bad_request", "content_policy", "harmless")
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    narrow = promise_of("fallback_trigger", chain=("openai",), failures=("http_400", "http_429"))
    assert KIND.required(narrow) == {"bad_request met at openai", "rate_limit met at openai"}
    alone = promise_of("fallback_trigger", policy={"fallback": ()}, failures=("http_400",))
    assert KIND.required(alone) == {"bad_request met at openai"}


def test_cells():
    promise = promise_of("fallback_trigger", chain=("openai", "anthropic"), failures=("http_400", "stall"))
    played = [
        [(row.provider, row.then.fault, row.then.after) for row in cell.acts]
        for cell in KIND.cells(promise, ("complete",))
    ]
    here = [("http_400", None), ("stall", None), ("stall", 0)]
    assert played == [
        *([("openai", *act)] for act in here),
        *([("openai", "http_503", None), ("anthropic", *act)] for act in here),
    ]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_the_policy_may_be_silent():
    promise = promise_of(
        "fallback_trigger", policy={"fallback": ("timeout",)}, failures=("http_429", "http_400")
    )
    assert KIND.reservations(promise) == ("policy silent on http_429",)
    assert KIND.faults(promise) == ("http_400",)


def test_faults_that_the_policy_raises_may_be_declared():
    fields = PROMISE.invariant.model_copy(update={"failures": ("bad_request", "timeout")})
    assert fields.contradictions(POLICY) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "plays rate_limit, server_error, timeout, unavailable, invalid_key, quota, bad_request, content_policy, "
        "malformed, harmless at each of openai, anthropic, deepseek, gemini: every fault of the table on which the "
        "policy has a say, in streams before the first content; and drawn sequences of them"
    )
