"""Keys, models and parameters that come with a call, and keys that are not there: each bug found, and its minimum."""

from pathlib import Path

import pytest
from playing import Playing, down
from routes import CHAIN, promise_of

from llminv.history import RequestReceived
from llminv.scenario import Call, Scenario, key_of

FILE = Path(__file__).with_name("own_keys.py")
RAW = Path(__file__).parents[2] / "examples/raw/handler.py"
PROMISES = {
    "keys": promise_of("key_isolation", keys="call", failures=("http_429",)),
    "overrides": promise_of("request_fidelity", overrides=True, failures=("http_429",)),
    "without": promise_of("fallback_order", without_key=True, failures=("http_429",)),
    "nobody": promise_of("exhaustion", without_key=True, failures=("http_429",)),
}


def bringing(provider, **override):
    return Call("complete", overrides={provider: override})


def acme(provider):
    key = {"api_key": key_of(provider, "acme")}
    return Call("complete", overrides={provider: key}, tenant="acme")


AFTER_OPENAI = down(0, "openai")

# handler -> promise, and the minimal scenario of each code
PLANTED = {
    "KeepsTheFirstKey": ("keys", {"key_leaked": Scenario((Call("complete"),), AFTER_OPENAI)}),
    "FallsBackToTheHouse": ("keys", {"wrong_key": Scenario((acme("anthropic"),), AFTER_OPENAI)}),
    "RemembersTheTenant": ("keys", {"key_leaked": Scenario((acme("openai"), Call("complete")))}),
    "CarriesTheModelOver": (
        "overrides",
        {"wrong_model_asked": Scenario((bringing("openai", model="overridden-model"),), AFTER_OPENAI)},
    ),
    "CarriesTheParamsOver": (
        "overrides",
        {"params_changed": Scenario((bringing("openai", params={"max_tokens": 1}),), AFTER_OPENAI)},
    ),
    "AsksWithoutAKey": ("without", {"outside_chain": Scenario((Call("complete"),), unset=("openai",))}),
    "ApologisesWithoutKeys": (
        "nobody",
        {"failure_as_content": Scenario((Call("complete"),), unset=CHAIN)},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_and_reduced(name):
    which, minima = PLANTED[name]
    with Playing(name, PROMISES[which], FILE) as playing:
        assert playing.minimal() == minima
        assert playing.kept(minima) == []


@pytest.mark.parametrize("which", PROMISES)
def test_the_handler_without_the_bugs_is_not_accused(which):
    promise = PROMISES[which]
    with Playing("Handler", promise, RAW) as playing:
        assert playing.minimal() == {}
        assert playing.kind.required(promise) <= playing.labels


def test_the_keys_of_tenants_stand_in_no_history():
    with Playing("Handler", PROMISES["keys"], RAW) as playing:
        (received,) = playing.history(Scenario((acme("openai"),))).of(RequestReceived)
    assert received.keys == ("openai/acme",)
    assert ("authorization", f"Bearer {key_of('openai', 'acme')}") in received.headers
