"""key_isolation against histories written by hand."""

import pytest
from routes import answers, down, history, promise_of

from llminv.history import History, RequestReceived
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script, key_of
from llminv.verdict import Finding

KIND = KINDS["key_isolation"]
PROMISE = promise_of("key_isolation")
LEAK = "<key:openai@anthropic>"


def received(provider="anthropic", url="https://h/", headers=(), body="", keys=(), call=0):
    request = RequestReceived(0.5, call, provider, 0, "POST", url, headers, body, keys=keys)
    return History((request,))


BOTH = ("anthropic", "openai")
FINDINGS = {
    "in a header": (received(headers=(("x-api-key", LEAK), ("accept", "*")), keys=("openai",)), "the header x-api-key"),
    "in the URL": (received(url=f"https://h/?key={LEAK}", keys=BOTH), "the URL"),
    "in the body": (received(body=f'{{"user": "{LEAK}"}}', keys=BOTH), "the body"),
    "everywhere": (
        received(url=LEAK, headers=(("a", LEAK), ("b", f"Bearer {LEAK}")), body=LEAK, keys=BOTH),
        "the header a, the header b, the URL, the body",
    ),
    "of no call": (received(body=LEAK, keys=BOTH, call=-1), "the body"),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    happened, places = FINDINGS[case]
    expected = Finding(
        "key_leaked",
        "anthropic sees no key but its own",
        f"the key of openai in {places}",
        0,
        "anthropic",
        None,
        0.5,
    )
    assert KIND.check(PROMISE, down(), happened) == [expected]


def test_two_keys_are_two_findings():
    happened = received("gemini", keys=("anthropic", "gemini", "openai"))
    assert [finding.observed.split(" in ")[0] for finding in KIND.check(PROMISE, down(), happened)] == [
        "the key of anthropic",
        "the key of openai",
    ]


HOLDS = {
    "its own": received(keys=("anthropic",)),
    "none": received(keys=()),
    "each its own": history("openai:http_429", "anthropic", ends=answers("anthropic")),
}


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, down(), HOLDS[case]) == []


def test_providers_with_one_key_variable_share_their_key():
    same = PROMISE.providers["openai"].model_copy(update={"key": "ANTHROPIC_API_KEY"})
    promise = PROMISE.model_copy(update={"providers": {**PROMISE.providers, "openai": same}})
    happened = received("openai", keys=("anthropic",))
    assert KIND.check(promise, down(), happened) == []
    assert KIND.exercised(promise, down(), happened) == {"openai received its own key"}
    assert [finding.code for finding in KIND.check(PROMISE, down(), happened)] == ["key_leaked"]


def test_a_public_host_that_nobody_declared_has_no_key_of_its_own():
    happened = received("mistral-chat", keys=("openai",))
    assert [finding.provider for finding in KIND.check(PROMISE, down(), happened)] == ["mistral-chat"]


def test_labels():
    happened = history("openai:http_429", "anthropic", ends=answers("anthropic"))
    assert KIND.exercised(PROMISE, down(), happened) == {
        "openai received its own key",
        "anthropic received its own key",
    }
    assert KIND.exercised(PROMISE, down(), received(keys=("openai",))) == frozenset()


REQUIRED = {f"{provider} received its own key" for provider in ("openai", "anthropic", "deepseek", "gemini")}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    promise = promise_of("key_isolation", chain=("openai",))
    assert KIND.required(promise) == {"openai received its own key", "anthropic received its own key"}


def test_cells():
    promise = promise_of("key_isolation", failures=("http_429",))
    rows = [f"{name}:http_429" for name in ("openai", "anthropic", "deepseek")]
    *alone, at_once = KIND.cells(promise, ("complete",))
    assert alone == [down(*rows[:count]) for count in range(4)]
    now, later = Act("http_429"), Act("http_429", delay_s=0.25)
    assert at_once == Scenario(
        (Call("complete"), Call("complete", joins=True)),
        (
            Script(0, "openai", then=later),
            Script(1, "openai", then=now),
            Script(1, "anthropic", then=later),
        ),
    )
    short = promise_of("key_isolation", chain=("openai",), failures=("http_429",))
    assert not [cell for cell in KIND.cells(short, ("complete",)) if len(cell.calls) > 1]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_a_silent_policy_does_not_matter_to_keys():
    assert KIND.reservations(promise_of("key_isolation", policy={"fallback": ()})) == ()


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "gives every provider a key of its own and searches all that each of openai → anthropic → deepseek → gemini "
        "receives for the others' keys, in calls one at a time and at once, after rate_limit, server_error, timeout, "
        "unavailable, invalid_key at the providers before it"
    )


def test_a_call_that_brings_its_key_is_made_with_it_alone():
    promise = promise_of("key_isolation", keys="call")
    call = Call("complete", tenant="acme", overrides={"openai": {"api_key": key_of("openai", "acme")}})
    codes = {
        "openai/acme": [],
        "openai": ["wrong_key"],
        "openai/globex": ["key_leaked"],
        "gemini": ["key_leaked"],
    }
    for owner, expected in codes.items():
        found = KIND.check(promise, Scenario((call,)), received("openai", keys=(owner,)))
        assert [finding.code for finding in found] == expected
