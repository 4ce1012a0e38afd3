"""retry_budget: routers with one bug each, histories written by hand, and the table of what a pause may be."""

import pytest
from playing import Playing
from routes import answers, down, promise_of
from timed import FAULTS_PLAYED, ROUTERS, first, history, only, then

from llminv.declaration.models import Backoff, Cooldown, Retries
from llminv.history import Attempt
from llminv.kinds import KINDS
from llminv.kinds.laws import pauses
from llminv.scenario import ANSWER, Act, Call, Scenario, Script
from llminv.verdict import Finding

# A handler that the world stops leaves its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KIND = KINDS["retry_budget"]
PROMISE = promise_of("retry_budget")
POLICY = PROMISE.policy
LIMITED = down("openai:http_429")


def limited(**advice):
    return then(Act("http_429", **advice))


# router -> the minimal scenario of each code
PLANTED = {
    "OnceTooOften": {"too_many_attempts": LIMITED},
    "AsksForMore": {"too_many_attempts": only()},
    "OnceTooFew": {"too_few_attempts": LIMITED},
    "RetriesOverload": {"retried_unretryable": down("openai:http_503")},
    "Deaf": {"retry_after_ignored": limited(retry_after="1")},
    "Obedient": {"waited_too_long": limited(retry_after="61")},
    "WaitsForNothing": {"waited_too_long": limited(retry_after="3")},
    "Hasty": {"backoff_too_short": LIMITED},
    "Quadruples": {"backoff_too_long": LIMITED},
    "Unlimited": {"hang": down("openai:no_answer")},
    "WaitsForBetterTimes": {"never_ends": LIMITED},
}


PLAYED = promise_of("retry_budget", failures=FAULTS_PLAYED)


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, PLAYED, ROUTERS) as playing:
        minimal = playing.minimal()
        assert minimal == PLANTED[router]
        assert playing.kept(minimal) == []


@pytest.mark.parametrize("router", ["OnTime", "Streams"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, PLAYED, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(playing.promise)


def test_every_code_is_planted():
    assert {code for codes in PLANTED.values() for code in codes} == KIND.codes.keys()


def failed(code, expected, observed, fault_class, at_s, provider="openai"):
    return [Finding(code, expected, observed, 0, provider, fault_class, at_s)]


SOON = Act("http_429", retry_after="5")
# The scenario, what happened, the finding.
FINDINGS = {
    "three retries": (
        LIMITED,
        history(*[("openai", "http_429", at, at) for at in (0.0, 0.5, 1.5, 3.5)], ("anthropic", None, 3.5, 3.5)),
        failed(
            *("too_many_attempts", "openai is asked 3 times at most: retries.max is 2", "openai was asked 4 times"),
            *("rate_limit", 3.5),
        ),
    ),
    "the answer was not enough": (
        only(),
        history(("openai", None, 0.0, 0.0), ("openai", None, 2.0, 2.0), ends=answers("openai")),
        failed(
            *("too_many_attempts", "openai is not asked again after its answer", "openai was asked 2 times"),
            *(None, 2.0),
        ),
    ),
    "no retry": (
        LIMITED,
        history(("openai", "http_429", 0.0, 0.0), ("anthropic", None, 0.0, 0.0), ends=answers("anthropic")),
        failed(
            *("too_few_attempts", "openai is asked again after http_429, up to 3 times in all"),
            "openai was asked 1 times, then: the reply 'Hello from anthropic to call 0.'",
            *("rate_limit", 0.0),
        ),
    ),
    "a rejected key again": (
        down("openai:key_rejected"),
        history(("openai", "key_rejected", 0.0, 0.0), ("openai", "key_rejected", 0.5, 0.5)),
        failed(
            *("retried_unretryable", "openai is not asked again after key_rejected", "openai was asked 2 times"),
            *("invalid_key", 0.5),
        ),
    ),
    "too early for the provider": (
        first(SOON),
        history(("openai", "http_429", 0.0, 0.0), ("openai", None, 0.5, 0.5), ends=answers("openai")),
        failed(
            *("retry_after_ignored", "openai is asked again within 5 to 6.875 s after Retry-After: 5"),
            *("it was asked again after 0.5 s", "rate_limit", 0.5),
        ),
    ),
    "too late for the advice": (
        first(SOON),
        history(("openai", "http_429", 0.0, 0.0), ("openai", None, 7.0, 7.0), ends=answers("openai")),
        failed(
            *("waited_too_long", "openai is asked again within 5 to 6.875 s after Retry-After: 5"),
            *("it was asked again after 7 s", "rate_limit", 7.0),
        ),
    ),
    "at once": (
        down("openai:http_500"),
        history(("openai", "http_500", 0.0, 1.0), ("openai", None, 1.0, 1.0), ends=answers("openai")),
        failed(
            *("backoff_too_short", "openai is asked again within 0.375 to 0.625 s after http_500"),
            *("it was asked again after 0 s", "server_error", 1.0),
        ),
    ),
    "late after silence": (
        down("openai:no_answer"),
        history(("openai", "no_answer", 0.0, 20.0), ("openai", None, 30.0, 30.0), ends=answers("openai")),
        failed(
            *("backoff_too_long", "openai is asked again within 0.375 to 0.625 s after no_answer"),
            *("it was asked again after 10 s", "timeout", 30.0),
        ),
    ),
    "a pause before the error": (
        down("openai:http_503"),
        history(("openai", "http_503", 0.0, 0.0), ended_at_s=9.0),
        failed(
            *("backoff_too_long", "no pause of more than 0.625 s after openai has failed for the last time"),
            *("the call ended after 9 s", "unavailable", 9.0),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    scenario, happened, findings = FINDINGS[case]
    assert KIND.check(PROMISE, scenario, happened) == findings


TWICE = (("openai", "http_429", 0.0, 0.0), ("openai", None, 0.5, 0.5))
ONCE = (("openai", "http_429", 0.0, 0.0), ("anthropic", None, 0.0, 0.0))
# What is left open: scenario, what happened, what the policy has instead.
HOLDS = {
    "the backoff at its least": (LIMITED, history(TWICE[0], ("openai", None, 0.375, 0.4)), {}),
    "the backoff at its most": (LIMITED, history(TWICE[0], ("openai", None, 0.625, 0.7)), {}),
    "a tick too late": (LIMITED, history(TWICE[0], ("openai", None, 0.67, 0.7)), {}),
    "above the cap, and the next": (limited(retry_after="61"), history(*ONCE), {}),
    "above the cap, and its own backoff": (first(Act("http_429", retry_after="61")), history(*TWICE), {}),
    "above the cap, and as long as the cap": (
        first(Act("http_429", retry_after="61")),
        history(TWICE[0], ("openai", None, 60.0, 60.0)),
        {},
    ),
    "a fault on which the policy is silent": (LIMITED, history(*ONCE), {"fallback": ("timeout",)}),
    "a redirect that was followed": (
        down("openai:http_307"),
        history(*[("openai", "http_307", 0.0, 0.0)] * 9),
        {},
    ),
    "the time is up": (LIMITED, history(("openai", "http_429", 299.5, 299.5), ended_at_s=299.5), {}),
    "a cooldown begins": (
        LIMITED,
        history(*ONCE),
        {"cooldown": Cooldown(after_failures=1, seconds=60, faults=("rate_limit",))},
    ),
    "others in between": (LIMITED, history(*ONCE[:1], ("anthropic", "http_503", 0.0, 0.0), TWICE[1]), {}),
    "let go of late, in the background": (
        down("openai:no_answer"),
        history(("openai", "no_answer", 0.0, 50.0), ("openai", None, 20.5, 20.5)),
        {},
    ),
    "at once after silence, as far as anybody knows": (
        down("openai:no_answer"),
        history(("openai", "no_answer", 0.0, 20.0), ("openai", None, 20.0, 20.0)),
        {},
    ),
    "a stranger": (only(), history(("mistral", "http_429", 0.0, 0.0)), {}),
}


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    scenario, happened, policy = HOLDS[case]
    assert KIND.check(promise_of("retry_budget", policy=policy), scenario, happened) == []


def test_a_fault_in_the_body_of_a_stream_is_not_judged():
    happened = history(("openai", "error_inside", 0.0, 0.0), ("anthropic", None, 0.0, 0.0))
    streamed = Scenario((Call("stream"),), down("openai:error_inside").acts)
    assert KIND.check(PROMISE, streamed, happened) == []
    assert [finding.code for finding in KIND.check(PROMISE, down("openai:error_inside"), happened)] == [
        "too_few_attempts"
    ]


def test_a_policy_without_retries_is_silent():
    silent = POLICY.model_validate({"chain": POLICY.chain, "exhausted": "E", "fallback": POLICY.fallback})
    promise = PROMISE.model_copy(update={"policy": silent})
    assert KIND.reservations(promise) == ("policy silent on retries",)
    assert KIND.check(promise, LIMITED, history(*TWICE)) == []
    assert KIND.reservations(PROMISE) == ()


def attempt(began_s=0.0, ended_s=0.0):
    return Attempt(0, "openai", 0, began_s, ended_s, None, "http_429", True, 429, "")


# dialect, act, retry number -> the right pause: least, most, whether the advice binds, whether above the cap
PAUSES = {
    ("openai-chat", Act("http_429"), 0): (0.375, 0.625, False, False),
    ("openai-chat", Act("http_429"), 1): (0.75, 1.25, False, False),
    ("openai-chat", Act("http_429"), 9): (6.0, 10.0, False, False),
    ("openai-chat", Act("http_429", retry_after="2"), 0): (2.0, 3.125, True, False),
    ("gemini", Act("http_503", retry_after="60"), 0): (60.0, 75.625, True, False),
    ("openai-chat", Act("http_429", retry_after="61"), 0): (0.375, 60.0, False, True),
    ("openai-chat", Act("http_429", retry_after="2.5"), 0): (0.375, 3.75, False, False),
    ("openai-chat", Act("http_500", retry_after="2"), 0): (0.375, 3.125, False, False),
    ("openai-chat", Act("no_answer", retry_after="2"), 0): (0.375, 0.625, False, False),
    ("openai-chat", Act("http_429", retry_after="date:5"), 0): (4.0, 5.625, True, False),
    ("openai-chat", Act("http_429", retry_after_ms="1500"), 0): (1.5, 2.5, True, False),
    ("deepseek", Act("http_429", retry_after_ms="1500"), 0): (0.375, 2.5, False, False),
    ("openai-chat", Act("http_429", retry_after="3", retry_after_ms="1000"), 0): (1.0, 4.375, True, False),
    ("gemini", Act("http_429", retry_info="1.5s"), 0): (1.5, 2.5, True, False),
    ("openai-chat", Act("http_429", retry_info="1.5s"), 0): (0.375, 0.625, False, False),
    **{
        ("openai-chat", Act("http_429", retry_after=text), 0): (0.375, 0.625, False, False)
        for text in pauses.NO_ADVICE
    },
}


@pytest.mark.parametrize("case", PAUSES, ids=str)
def test_the_right_pause(case):
    dialect, act, retry = case
    # It failed at 0.5, so that a date in whole seconds is less than its number away.
    began = attempt(0.0, 1.0) if str(act.retry_after).startswith(pauses.DATE) else attempt()
    pause = pauses.before_retry(POLICY, dialect, act, began, retry)
    assert (pause.least_s, pause.most_s, pause.binds, pause.over_cap) == PAUSES[case]


def test_a_backoff_without_a_pause():
    policy = POLICY.model_copy(update={"retries": Retries(max=1, backoff=Backoff(first_s=0))})
    assert str(pauses.backoff(policy, 0)) == "0 to 0 s"
    steep = POLICY.model_copy(update={"retries": Retries(max=999, backoff=Backoff(factor=10**9))})
    assert pauses.backoff(steep, 999).most_s == 10.0


FORMS = {
    Act("http_429"): None,
    Act("http_429", retry_after="5"): "seconds",
    Act("http_429", retry_after="61"): "more seconds than the cap",
    Act("http_429", retry_after="0"): "zero",
    Act("http_429", retry_after="1.5"): "a decimal number",
    Act("http_429", retry_after="date:5"): "a date",
    Act("http_429", retry_after="date:-5"): "a date gone by",
    Act("http_429", retry_after="-1"): "nonsense",
    Act("http_429", retry_after_ms="1"): "retry-after-ms",
    Act("http_429", retry_info="1s"): "RetryInfo",
}


@pytest.mark.parametrize("act", FORMS, ids=str)
def test_forms_of_advice(act):
    assert pauses.form_of(act, 60.0) == FORMS[act]


REQUIRED = {
    "rate_limit fired at openai",
    "server_error fired at openai",
    "timeout fired at openai",
    "unavailable fired at openai",
    "invalid_key fired at openai",
    "quota fired at openai",
    "bad_request fired at openai",
    "content_policy fired at openai",
    "openai failed to be retried",
    "anthropic failed to be retried",
    "deepseek failed to be retried",
    "gemini failed to be retried",
    "advice as seconds",
    "advice as a date",
    "advice as a date gone by",
    "advice as a decimal number",
    "advice as retry-after-ms",
    "advice as more seconds than the cap",
    "advice as zero",
    "advice as nonsense",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED


def test_required_labels_of_a_policy_that_retries_nothing():
    promise = promise_of("retry_budget", policy={"retries": Retries()}, failures=("http_429",))
    assert KIND.required(promise) == {"rate_limit fired at openai"}


def test_labels():
    scenario = first(SOON, Act("http_429"))
    happened = history(*TWICE[:1], ("openai", "http_429", 5.0, 5.0), ("openai", None, 6.0, 6.0))
    assert KIND.exercised(PROMISE, scenario, happened) == {
        "rate_limit fired at openai",
        "openai failed to be retried",
        "advice as seconds",
    }


def test_cells():
    policy = {"chain": ("openai", "gemini"), "retries": Retries(max=2, faults=("http_429",))}
    promise = promise_of("retry_budget", policy=policy, failures=("http_429", "http_400"))
    texts = ["2", "date:3", "2.5"]
    numbers = [Act("http_429", retry_after=text) for text in texts]
    rest = [Act("http_429", retry_after=text) for text in ("61", *pauses.NO_ADVICE)]
    milliseconds = Act("http_429", retry_after_ms="2000")
    way = Script(0, "openai", then=Act("http_500"))
    assert list(KIND.cells(promise, ("complete",))) == [
        then(Act("http_429")),
        then(Act("http_400")),
        *(first(act) for act in (*numbers, milliseconds, *rest)),
        first(Act("http_429")),
        first(*[Act("http_429")] * 2),
        *(only(way, Script(0, "gemini", then=Act(fault))) for fault in ("http_429", "http_400")),
        *(
            only(way, Script(0, "gemini", (act,), ANSWER))
            for act in (*numbers, milliseconds, Act("http_429", retry_info="2s"), *rest)
        ),
    ]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(promise_of("retry_budget", failures=("http_429", "http_400"))) == (
        "lets each fault of rate_limit, bad_request stay at openai, one of each sort at anthropic, deepseek, gemini, "
        "lets openai fail up to 2 times before it answers, and sends Retry-After in every form, below and above "
        "60 s; and drawn mixtures of all"
    )
