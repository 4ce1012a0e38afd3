"""Secrets and the words that stand for them."""

import base64

import pytest

from llminv.simulation.keys import Keys
from llminv.simulation.sites import canary

SETTING = {"providers": {"openai": {}, "anthropic": {}}, "policy": {}, "prices": {}}
REAL = "sk-proj-0123456789abcdef"


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", canary("openai"))
    monkeypatch.setenv("COMPANY_LLM_KEY", REAL)
    monkeypatch.setenv("DATABASE_PASSWORDS", "correct horse battery")
    monkeypatch.setenv("MONKEY", "a monkey is no key at all")
    monkeypatch.setenv("TOKENIZER_TOKEN", "short")
    return Keys(SETTING, tenants=["acme"])


@pytest.mark.parametrize(
    ("text", "receiver", "expected"),
    [
        (canary("openai"), None, "<key:openai>"),
        (f"Bearer {canary('openai')}!", "openai", "Bearer <key:openai>!"),
        (canary("openai"), "anthropic", "<key:openai@anthropic>"),
        (canary("openai", "acme"), "openai", "<key:openai/acme>"),
        (
            f"{REAL} and correct horse battery",
            None,
            "<secret:COMPANY_LLM_KEY> and <secret:DATABASE_PASSWORDS>",
        ),
        ("short, a monkey is no key at all", None, "short, a monkey is no key at all"),
    ],
)
def test_clean(keys, text, receiver, expected):
    assert keys.clean(text, receiver) == expected


@pytest.mark.parametrize("user", ["", "u:", "us:"])
def test_in_base64(keys, user):
    encoded = base64.b64encode(f"{user}{canary('openai')}".encode()).decode()
    assert "<key:openai>" in keys.clean(encoded)
    assert keys.owners(encoded) == ("openai",)


def test_what_is_put_where_a_key_belongs(keys):
    """A handler may read a key from a file of its own, which nobody else knows."""
    keys.learn(
        "https://x.test/v1?key=from-the-query-1&b=not-a-credential",
        [
            ("authorization", "Bearer from-a-file-0001"),
            ("x-api-key", "None"),
            ("api-key", canary("anthropic")),
            ("user-agent", "some/1.0 agent"),
        ],
    )
    text = "from-a-file-0001, from-the-query-1, not-a-credential, None, some/1.0 agent"
    assert keys.clean(text) == "<key:unknown>, <key:unknown>, not-a-credential, None, some/1.0 agent"
    assert keys.clean(canary("anthropic")) == "<key:anthropic>"
