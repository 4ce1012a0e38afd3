"""exhaustion against histories written by hand."""

from dataclasses import replace

import pytest
from routes import CHAIN, call, down, history, promise_of, raises, replies

from llminv.history import History, Stopped
from llminv.kinds import KINDS
from llminv.scenario import EVERY_CALL, Act, Scenario, Script
from llminv.verdict import Finding

KIND = KINDS["exhaustion"]
PROMISE = promise_of("exhaustion")
ALL = [f"{name}:http_429" for name in CHAIN]
ALL_DOWN = down(*ALL)
EXPECTED = "NoProviderAvailable is raised: no provider answered"
NAMES = f"NoProviderAvailable names every provider tried: {', '.join(CHAIN)}"

# Its error may name nobody.
UNNAMED = promise_of("exhaustion", names_providers=False)

FINDINGS = {
    "an apology": (
        history(*ALL, ends=replies("Sorry.")),
        [Finding("failure_as_content", EXPECTED, "the reply 'Sorry.'", at_s=1.0)],
    ),
    "an apology without trying": (
        history(ends=replies("")),
        [Finding("failure_as_content", EXPECTED, "the reply ''", at_s=1.0)],
    ),
    "the last provider's own error": (
        history(*ALL, ends=raises("ClientError", "429", bases=("APIError",))),
        [Finding("wrong_error", EXPECTED, "ClientError: 429", at_s=1.0)],
    ),
    "an error without a word": (
        history(*ALL, ends=raises("TimeoutError", "")),
        [Finding("wrong_error", EXPECTED, "TimeoutError", at_s=1.0)],
    ),
    "two names missing": (
        history(*ALL, ends=raises(message="openai-eu, Anthropic, deepseekers")),
        [
            Finding("provider_not_named", NAMES, f"{name} is not named: {told}", provider=name, at_s=1.0)
            for told in ["NoProviderAvailable: openai-eu, Anthropic, deepseekers"]
            for name in ("deepseek", "gemini")
        ],
    ),
    "waits for ever": (
        history(*ALL[:3], "gemini:no_answer", ends=lambda at_s: Stopped(at_s, 0, "hang", "why")),
        [
            Finding(
                "hang",
                "the call ends, with a reply or an error",
                "it never ends: why",
                0,
                "gemini",
                "timeout",
                1.0,
            )
        ],
    ),
    "floods": (
        history(*ALL, ends=lambda at_s: Stopped(at_s, 0, "flood", "why")),
        [
            Finding(
                "never_ends",
                "the call ends, with a reply or an error",
                "it never ends: why",
                0,
                "gemini",
                "rate_limit",
                1.0,
            )
        ],
    ),
}

HOLDS = {
    "the declared error": history(*ALL, ends=raises()),
    "a subclass of it": history(*ALL, ends=raises("AllFailed", bases=("NoProviderAvailable", "Error"))),
    "with retries": history(*[step for step in ALL for _ in range(3)], ends=raises()),
    "names in its attempts": history(*ALL, ends=raises(message="", attempts=CHAIN)),
    "names in its chain": history(*ALL, ends=raises(message="", chain=CHAIN)),
    "names in another case": history(*ALL, ends=raises(message="OpenAI; Anthropic; (DeepSeek) [Gemini]")),
    "a reply of the provider that answered": history(*ALL[:3], "gemini", ends=replies("hi")),
    "the time was up": history(*ALL[:2], ends=raises("TimeoutError", ""), ended_at_s=300.0),
    "the chain was cut short": history(ALL[0], ends=raises("RateLimitError", "")),  # fallback_order's affair
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    happened, findings = FINDINGS[case]
    assert KIND.check(PROMISE, ALL_DOWN, happened) == findings


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, ALL_DOWN, HOLDS[case]) == []


def test_the_law_is_about_calls_that_nobody_answers():
    """A handler that gives up, or replies by itself, while a provider is up breaks another law."""
    happened = history("openai:http_429", ends=replies("Sorry."))
    assert KIND.check(PROMISE, down("openai:http_429"), happened) == []
    flaky = Scenario((call(),), (*ALL_DOWN.acts[:3], Script(0, "gemini", (Act("http_429"),))))
    assert KIND.check(PROMISE, flaky, happened) == []
    assert [finding.code for finding in KIND.check(PROMISE, ALL_DOWN, happened)] == ["failure_as_content"]


def twice(first, second, *between):
    """The same call twice, with what went on in the second one, and the attempts that the errors list."""
    once = [replace(event, call=0) for event in history(*ALL, ends=raises(attempts=first)).events]
    again = history(*(between or ALL), ends=raises(attempts=second)).events
    return History((*once, *(replace(event, call=1) for event in again)))


def test_the_attempts_of_another_call_are_not_listed():
    scenario = Scenario((call(), call()), tuple(replace(row, call=EVERY_CALL) for row in ALL_DOWN.acts))
    finding = Finding(
        "attempts_of_another_call",
        "the error lists 4 attempts, as that of an earlier call that went the same way",
        f"it lists 8: {', '.join([*CHAIN, *CHAIN])}",
        1,
        at_s=1.0,
    )
    assert KIND.check(PROMISE, scenario, twice(CHAIN, (*CHAIN, *CHAIN))) == [finding]
    assert KIND.check(PROMISE, scenario, twice(CHAIN, CHAIN)) == []
    retried = (ALL[0], *ALL)
    assert KIND.check(PROMISE, scenario, twice(CHAIN, (CHAIN[0], *CHAIN), *retried)) == []


def test_what_the_policy_does_not_promise_is_not_judged():
    promise = promise_of("exhaustion", policy={"fallback": ("timeout",)}, failures=("http_429", "no_answer"))
    assert KIND.check(promise, ALL_DOWN, history(*ALL, ends=replies("Sorry."))) == []
    assert KIND.reservations(promise) == ("policy silent on http_429",)


def test_a_named_start_leaves_out_those_before_it():
    scenario = Scenario((call("deepseek"),), ALL_DOWN.acts)
    happened = history("deepseek:http_429", "gemini:http_429", ends=raises(message="deepseek, gemini"))
    assert KIND.check(PROMISE, scenario, happened) == []
    assert KIND.exercised(PROMISE, scenario, happened) == {"all providers failed, rate_limit among them"}


def test_a_longer_name_does_not_stand_for_a_shorter_one():
    promise = promise_of("exhaustion", policy={"chain": ("openai", "anthropic")})
    providers = {**promise.providers, "openai-eu": promise.providers["openai"]}
    promise = promise.model_copy(update={"providers": providers})
    happened = history(*ALL[:2], ends=raises(message="openai-eu, anthropic"))
    (finding,) = KIND.check(promise, ALL_DOWN, happened)
    assert (finding.code, finding.provider) == ("provider_not_named", "openai")


def test_the_declared_error_may_carry_its_module():
    promise = promise_of("exhaustion", policy={"exhausted": "app.errors.NoProviderAvailable"})
    assert KIND.check(promise, ALL_DOWN, history(*ALL, ends=raises())) == []


LABELS = {
    tuple(ALL): {"all providers failed, rate_limit among them"},
    ("openai:no_answer", *ALL[1:3], "gemini:connection_reset"): {
        "all providers failed, timeout among them",
        "all providers failed, rate_limit among them",
        "all providers failed, unavailable among them",
    },
    tuple(ALL[:3]): set(),
    (*ALL[:3], "gemini"): set(),
}


@pytest.mark.parametrize("steps", LABELS)
def test_labels(steps):
    assert KIND.exercised(PROMISE, ALL_DOWN, history(*steps, ends=raises())) == LABELS[steps]


def test_nothing_is_exercised_once_the_time_is_up():
    happened = history(*ALL, ends=raises(), ended_at_s=300.0)
    assert KIND.exercised(PROMISE, ALL_DOWN, happened) == frozenset()


REQUIRED = {
    "all providers failed, rate_limit among them",
    "all providers failed, server_error among them",
    "all providers failed, timeout among them",
    "all providers failed, unavailable among them",
    "all providers failed, invalid_key among them",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED


def test_cells():
    promise = promise_of("exhaustion", failures=("http_500", "http_429"))
    assert list(KIND.cells(promise, ("complete",))) == [
        ALL_DOWN,
        down(*(f"{name}:http_500" for name in CHAIN)),
        Scenario((call(), call()), tuple(replace(row, call=EVERY_CALL) for row in ALL_DOWN.acts)),
    ]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "lets all of openai, anthropic, deepseek, gemini fail, with rate_limit, server_error, timeout, unavailable, "
        "invalid_key: each fault at all of them, and drawn mixtures, in one call or in two of the same"
    )


def test_an_error_that_need_not_name_anyone():
    happened = history(*ALL, ends=raises(message="all failed"))
    assert {finding.code for finding in KIND.check(PROMISE, ALL_DOWN, happened)} == {"provider_not_named"}
    assert KIND.check(UNNAMED, ALL_DOWN, happened) == []
    assert KIND.moot(UNNAMED).keys() == {"provider_not_named"}
    assert KIND.moot(PROMISE) == {}
