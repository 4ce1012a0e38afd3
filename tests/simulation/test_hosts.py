"""Which hosts a world answers for: the declared base URLs, the public hosts, and nothing else."""

import pytest

from llminv.history import HostRefused, Replied, RequestReceived
from llminv.scenario import Call, Scenario

PLAIN = Scenario((Call("complete"),))


def urls(history):
    return [(event.provider, event.url) for event in history.of(RequestReceived)]


def test_clients_reach_the_public_hosts_by_themselves(play_all):
    (history,) = play_all("behaviours.py:EnvironmentOnly", {0: PLAIN}).values()
    assert history.outcome(0).reply.text == "Hello from openai to call 0. Hello from anthropic to call 0."
    assert urls(history) == [
        ("openai", "https://api.openai.com/v1/chat/completions"),
        ("anthropic", "https://api.anthropic.com/v1/messages"),
    ]


def test_clients_find_declared_base_urls_in_the_environment(setting, play_all):
    setting["providers"]["openai"]["base_url"] = "https://gateway.example/openai/v1"
    setting["providers"]["anthropic"]["base_url"] = "http://127.0.0.1:8080/anthropic"
    (history,) = play_all("behaviours.py:EnvironmentOnly", {0: PLAIN}, setting).values()
    assert history.outcome(0).reply.text == "Hello from openai to call 0. Hello from anthropic to call 0."
    assert urls(history) == [
        ("openai", "https://gateway.example/openai/v1/chat/completions"),
        ("anthropic", "http://127.0.0.1:8080/anthropic/v1/messages"),
    ]


def test_a_hard_coded_public_host_is_answered_too(setting, play_all):
    setting["providers"]["openai"]["base_url"] = "https://gateway.example/openai/v1"
    (history,) = play_all("behaviours.py:HardCoded", {0: PLAIN}, setting).values()
    assert isinstance(history.outcome(0), Replied)
    assert urls(history) == [("openai", "https://api.openai.com/v1/chat/completions")]


@pytest.mark.parametrize(
    ("handler", "operation", "text"),
    [
        ("Elsewhere", "complete", "[Errno 111] Connection refused"),
        ("ElsewhereAsync", "acomplete", "ConnectError"),
    ],
)
def test_any_other_host_is_refused_and_recorded(handler, operation, text, play_all):
    scenario = Scenario((Call(operation),))
    (history,) = play_all(f"behaviours.py:{handler}", {0: scenario}).values()
    assert history.outcome(0).reply.text == text
    assert list(history.of(HostRefused)) == [HostRefused(0.0, 0, "evil.example", 8443)]
    assert list(history.of(RequestReceived)) == []
