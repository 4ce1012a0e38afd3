"""No key stands in a history: neither a provider's own, nor a leaked one, in whatever form."""

import base64
import json

from llminv.history import RequestReceived
from llminv.scenario import Call, Scenario
from llminv.simulation.sites import canary, canary_forms

PLAIN = Scenario((Call("complete"),))


def test_own_and_leaked_keys_are_replaced_everywhere(play_all):
    (history,) = play_all("behaviours.py:BothKeys", {0: PLAIN}).values()
    (request,) = history.of(RequestReceived)
    headers = dict(request.headers)
    leaked = "<key:anthropic@openai>"
    assert request.keys == ("anthropic", "openai")
    assert request.url == f"https://api.openai.com/v1/chat/completions?k={leaked}"
    assert headers["authorization"] == "Bearer <key:openai>"
    assert headers["x-debug"] == leaked
    assert leaked in headers["x-packed"]
    assert json.loads(request.body)["user"] == leaked
    assert history.outcome(0).reply.text == "200 <key:anthropic>"
    assert_no_key_in(history)


def test_keys_are_replaced_in_what_is_printed_and_raised(play_all):
    (history,) = play_all("behaviours.py:PrintsTheKey", {0: PLAIN}).values()
    assert history.printed == "my key is <key:openai>\n"
    assert history.outcome(0).error.message == "cannot go on with <key:openai>"
    assert_no_key_in(history)


def test_a_canary_is_recognised_at_every_alignment_of_base64():
    key = canary("openai")
    for before in range(6):
        for after in range(6):
            text = base64.b64encode(b"a" * before + key.encode() + b"z" * after).decode()
            assert any(form in text for form in canary_forms(key)), (before, after)


def test_canaries_differ_by_provider_and_tenant():
    keys = [canary(name, tenant) for name in ("openai", "anthropic") for tenant in (None, "a", "b")]
    assert len(set(keys)) == len(keys)


def assert_no_key_in(history):
    text = json.dumps(history.to_json())
    assert not [
        name for name in ("openai", "anthropic") for form in canary_forms(canary(name)) if form in text
    ]
