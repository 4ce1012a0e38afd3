"""fallback_order against histories written by hand: what is a finding, what is none, what counts as exercise."""

import pytest
from routes import CHAIN, answers, call, down, history, promise_of, raises, replies

from llminv.declaration.fields import Range
from llminv.declaration.models import Stream
from llminv.history import CallStarted, History, Stopped
from llminv.kinds import KINDS
from llminv.kinds.laws.routing import COMPLETE, cell_faults, faults_of, order_from
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS, Where
from llminv.verdict import Finding

KIND = KINDS["fallback_order"]
PROMISE = promise_of("fallback_order")
ALL_DOWN = [f"{name}:http_429" for name in CHAIN]
PLAIN = down()


def stopped(reason):
    return lambda at_s: Stopped(at_s, 0, reason, "why")


# What happened -> the finding: code, expected, observed, provider, fault class, second.
FINDINGS = {
    "the next one after a slow answer": (
        history("openai:slow_drip", "anthropic", ends=answers("openai")),
        ("called_after_success", "no call after openai has answered", "anthropic was called", "anthropic", "harmless", 0.1),
    ),
    "second first": (
        history("anthropic", ends=answers("anthropic")),
        ("out_of_order", "openai is tried first", "anthropic was called", "anthropic", None, 0.0),
    ),
    "one left out": (
        history("openai:http_429", "deepseek", ends=answers("deepseek")),
        ("out_of_order", "anthropic is tried after openai", "deepseek was called", "deepseek", "rate_limit", 0.1),
    ),
    "back to the first": (
        history("openai:http_429", "anthropic:no_answer", "openai", ends=answers("openai")),
        ("out_of_order", "deepseek is tried after anthropic", "openai was called", "openai", "timeout", 0.2),
    ),
    "round again": (
        history(*ALL_DOWN, "openai:http_429", ends=raises()),
        ("out_of_order", "no other provider is tried after gemini", "openai was called", "openai", "rate_limit", 0.4),
    ),
    "a stranger": (
        history("openai:http_429", "mistral", ends=answers("mistral")),
        (
            "outside_chain",
            "only the chain is called: openai, anthropic, deepseek, gemini",
            "mistral was called",
            "mistral",
            "rate_limit",
            0.1,
        ),
    ),
    "one more after the answer": (
        history("openai", "anthropic", ends=answers("openai")),
        ("called_after_success", "no call after openai has answered", "anthropic was called", "anthropic", None, 0.1),
    ),
    "the same again after its answer": (
        history("openai", "openai", ends=answers("openai")),
        ("called_after_success", "no call after openai has answered", "openai was called", "openai", None, 0.1),
    ),
    "stopped after the first": (
        history("openai:key_rejected", ends=raises("AuthenticationError", "401")),
        (
            "chain_stopped",
            "anthropic is tried after openai failed with key_rejected",
            "AuthenticationError: 401",
            "openai",
            "invalid_key",
            1.0,
        ),
    ),
    "an apology after two": (
        history("openai:http_429", "anthropic:connection_refused", ends=replies("Sorry.")),
        (
            "chain_stopped",
            "deepseek is tried after anthropic failed with connection_refused",
            "the reply 'Sorry.'",
            "anthropic",
            "unavailable",
            1.0,
        ),
    ),
    "nobody was tried": (
        history(ends=raises("KeyError", "")),
        ("chain_stopped", "openai is tried first", "KeyError", "openai", None, 1.0),
    ),
    "the answer was thrown away": (
        history("openai", ends=raises("ValueError", "no")),
        ("answer_lost", "the answer of openai comes back", "ValueError: no", "openai", None, 1.0),
    ),
    "another answer": (
        history("openai", ends=answers("gemini")),
        (
            "not_the_answer",
            "the answer of openai comes back: 'Hello from openai to call 0.'",
            "the text 'Hello from gemini to call 0.'",
            "openai",
            None,
            1.0,
        ),
    ),
    "waits for ever": (
        history("openai:no_answer", ends=stopped("hang")),
        ("hang", "the call ends, with a reply or an error", "it never ends: why", "openai", "timeout", 1.0),
    ),
    "polls for ever": (
        history(ends=stopped("horizon")),
        ("never_ends", "the call ends, with a reply or an error", "it never ends: why", None, None, 1.0),
    ),
    "floods": (
        history("openai:http_429", ends=stopped("flood")),
        ("never_ends", "the call ends, with a reply or an error", "it never ends: why", "openai", "rate_limit", 1.0),
    ),
}  # fmt: skip

HOLDS = {
    "an answer that comes slowly": history("openai:slow_drip", ends=answers("openai")),
    "the first answers": history("openai", ends=answers("openai")),
    "words around the answer": history("openai", ends=replies("> Hello from openai to call 0.\n")),
    "retries of any number": history(*["openai:http_429"] * 9, "openai", ends=answers("openai")),
    "no retries": history("openai:http_500", "anthropic", ends=answers("anthropic")),
    "retries further on": history(
        "openai:name_not_found",
        "anthropic:http_429",
        "anthropic:http_429",
        "deepseek",
        ends=answers("deepseek"),
    ),
    "all failed": history(*ALL_DOWN, ends=raises()),
    "all failed, and a reply": history(*ALL_DOWN, ends=replies("Sorry.")),  # exhaustion's affair
    "the time is up": history("openai:no_answer", ends=raises("TimeoutError", ""), ended_at_s=300.0),
    "not called at all": History((CallStarted(0.0, 0, "complete"),)),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    happened, (code, expected, observed, provider, fault_class, at_s) = FINDINGS[case]
    assert KIND.check(PROMISE, PLAIN, happened) == [
        Finding(code, expected, observed, 0, provider, fault_class, at_s)
    ]


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, PLAIN, HOLDS[case]) == []


def test_a_second_before_the_time_is_up_the_chain_has_to_go_on():
    happened = history("openai:no_answer", ends=raises("TimeoutError", ""), ended_at_s=299.999)
    assert [finding.code for finding in KIND.check(PROMISE, PLAIN, happened)] == ["chain_stopped"]


@pytest.mark.parametrize("stance", [{"fallback": ()}, {"fallback": (), "raise_": ("rate_limit",)}])
def test_what_the_policy_does_not_promise_is_not_judged(stance):
    promise = promise_of("fallback_order", policy=stance)
    happened = history("openai:http_429", ends=raises("RateLimitError", ""))
    assert KIND.check(promise, PLAIN, happened) == []


def test_a_silent_policy_is_a_reservation():
    promise = promise_of(
        "fallback_order", policy={"fallback": ("rate_limit",)}, failures=("http_429", "http_500")
    )
    assert KIND.reservations(promise) == ("policy silent on http_500",)
    assert KIND.reservations(PROMISE) == ()


@pytest.mark.parametrize(
    ("order", "start", "expected"),
    [
        ("rest", None, CHAIN),
        ("rest", "anthropic", ("anthropic", "deepseek", "gemini")),
        ("rest", "gemini", ("gemini",)),
        ("rotate", None, CHAIN),
        ("rotate", "deepseek", ("deepseek", "gemini", "openai", "anthropic")),
        ("rest", "nobody", CHAIN),
    ],
)
def test_the_order_of_trying(order, start, expected):
    assert order_from(promise_of("fallback_order", policy={"order": order}).policy, start) == expected


def test_a_named_start_is_where_the_call_begins():
    scenario = Scenario((call("deepseek"),))
    happened = history("openai", ends=answers("openai"))
    assert [finding.code for finding in KIND.check(PROMISE, scenario, happened)] == ["outside_chain"]
    happened = history("deepseek", ends=answers("deepseek"))
    assert KIND.check(PROMISE, scenario, happened) == []


LABELS = {
    ("openai:http_429", "openai:http_504", "anthropic"): {
        "rate_limit fired at openai",
        "timeout fired at openai",
        "fell back to anthropic",
    },
    ("openai:connection_refused", "anthropic:key_rejected", "deepseek:http_500", "gemini"): {
        "unavailable fired at openai",
        "invalid_key fired at anthropic",
        "server_error fired at deepseek",
        "fell back to anthropic",
        "fell back to deepseek",
        "fell back to gemini",
    },
    ("openai",): set(),
    ("openai", "anthropic"): set(),
    ("anthropic", "openai"): set(),
}


@pytest.mark.parametrize("steps", LABELS)
def test_labels(steps):
    happened = history(*steps, ends=answers("gemini"))
    assert KIND.exercised(PROMISE, PLAIN, happened) == LABELS[steps]


def test_a_fault_that_was_not_met_was_not_exercised():
    happened = history("openai:http_429", "anthropic", ends=answers("anthropic"))
    unmet = History(tuple(event for event in happened.events if event.tag != "fault_reached"))
    assert KIND.exercised(PROMISE, PLAIN, unmet) == frozenset()


REQUIRED = {
    "timeout fired at openai",
    "rate_limit fired at openai",
    "server_error fired at openai",
    "unavailable fired at openai",
    "invalid_key fired at openai",
    "fell back to anthropic",
    "fell back to deepseek",
    "fell back to gemini",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED


def test_required_labels_of_a_part_of_the_chain():
    promise = promise_of("fallback_order", chain=("openai", "anthropic"), failures=("http_429",))
    assert KIND.required(promise) == {
        "rate_limit fired at openai",
        "fell back to anthropic",
        "fell back to deepseek",
    }


def test_the_declared_example_is_played_first():
    assert list(KIND.examples(PROMISE, ("complete", "acomplete"))) == [
        Scenario((call(),), (Script(0, "openai", attempts=(Act("http_429"),)),)),
        Scenario((Call("acomplete"),), (Script(0, "openai", attempts=(Act("http_429"),)),)),
    ]


def test_cells_of_a_small_promise():
    promise = promise_of("fallback_order", chain=("openai", "anthropic"), failures=("http_429",))
    rate_limit = Act("http_429")
    assert list(KIND.cells(promise, ("complete",))) == [
        down(),
        down("openai:http_429"),
        down("openai:http_429", "anthropic:http_429"),
        *(Scenario((call(),), (Script(0, "openai", attempts=(rate_limit,) * count),)) for count in (1, 2, 3)),
    ]


def test_cells_where_the_caller_may_name_the_start():
    promise = promise_of(
        "fallback_order",
        policy={"start": "any", "chain": ("openai", "anthropic")},
        failures=("http_429",),
        failures_before_success=Range(0, 0),
    )
    assert list(KIND.cells(promise, ("complete",))) == [
        down(),
        down("openai:http_429"),
        down(start="anthropic"),
        down("anthropic:http_429", start="anthropic"),
    ]


def test_cells_of_the_shipped_promise():
    faults = len(faults_of(PROMISE))
    assert len(list(KIND.cells(PROMISE, ("acomplete",)))) == 1 + 3 * faults + 3 * faults + 1
    sorts = len(cell_faults(PROMISE, "astream"))
    assert sorts < faults
    assert len(list(KIND.cells(PROMISE, ("astream",)))) == 1 + 3 * sorts + 3 * sorts


def test_what_breaks_off_in_a_stream_is_played_only_where_broken_streams_fall_back():
    error = promise_of("fallback_order", policy={"stream": Stream(broken_before_content="error")})
    played = {
        row.then.fault or row.attempts[0].fault for s in KIND.cells(error, ("stream",)) for row in s.acts
    }
    assert {FAULTS[name].where for name in played} == set(Where) - {Where.BODY, Where.END}
    only = promise_of(
        "fallback_order", failures=("malformed",), policy={"stream": Stream(broken_before_content="error")}
    )
    assert KIND.operations_of(only) == COMPLETE


def test_contradictions():
    invariant = PROMISE.invariant
    example = invariant.examples[0].model_copy(update={"primary": "gemini"})
    said = invariant.model_copy(update={"examples": (example,)}).contradictions(PROMISE.policy)
    assert said == [
        (("examples", 0, "primary"), "the policy starts at 'openai' (start: first), not at 'gemini'"),
    ]
    anywhere = PROMISE.policy.model_copy(update={"start": "any"})
    assert invariant.model_copy(update={"examples": (example,)}).contradictions(anywhere) == []


@pytest.mark.parametrize(
    ("chain", "start", "said"),
    [
        (("openai", "anthropic"), "first", []),
        (("anthropic",), "any", []),
        (
            ("anthropic", "deepseek"),
            "first",
            [(("chain", 0), "no call gets to 'anthropic': 'openai' is not in this chain and so never fails")],
        ),
        (
            ("anthropic", "gemini"),
            "any",
            [(("chain", 1), "no call gets to 'gemini': 'deepseek' is not in this chain and so never fails")],
        ),
        (
            ("anthropic", "openai"),
            "first",
            [
                (
                    ("chain", 1),
                    "'openai' comes before 'anthropic' in the chain of the policy (openai, anthropic, deepseek, gemini)",
                )
            ],
        ),
    ],
)
def test_a_part_of_the_chain_that_no_call_gets_to_is_refused(chain, start, said):
    invariant = PROMISE.invariant.model_copy(update={"chain": chain, "examples": ()})
    assert invariant.contradictions(PROMISE.policy.model_copy(update={"start": start})) == said


def test_faults_that_the_policy_raises_are_refused():
    policy = PROMISE.policy.model_copy(update={"fallback": ("rate_limit",), "raise_": ("timeout",)})
    invariant = PROMISE.invariant.model_copy(update={"failures": ("http_429", "timeout", "no_answer")})
    assert invariant.contradictions(policy) == [
        (("failures", 1), "the policy raises 'timeout' and does not fall back"),
        (("failures", 2), "the policy raises 'no_answer' and does not fall back"),
    ]


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "plays rate_limit, server_error, timeout, unavailable, invalid_key at the providers of openai → anthropic "
        "→ deepseek → gemini: each fault at the first provider, the first two and so on; 0..3 failures before a "
        "success; and drawn mixtures of all"
    )
