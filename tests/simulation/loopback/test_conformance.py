"""The same scripts through the simulated world and through real sockets: the caller cannot tell them apart."""

import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from differences import DIFFERENCES
from environments import python_of
from scripts import PERSISTENT, SEQUENCES, STREAMED

from llminv.audit.worker import Worker
from llminv.runner import Runner
from llminv.scenario import Call, Scenario, Script
from llminv.simulation.faults import FAULTS
from llminv.simulation.loopback.outline import outlines
from llminv.simulation.transport import TRANSPORTS

FOLDER = Path(__file__).parent
# A client, and the provider that it asks.
CLIENTS = {
    "OpenAISync": "openai",
    "OpenAIAsync": "openai",
    "AnthropicSync": "anthropic",
    "AnthropicAsync": "anthropic",
    "GeminiSync": "gemini",
    "GeminiAsync": "gemini",
    "HttpxSync": "openai",
    "HttpxAsync": "openai",
    "Requests": "openai",
    "Aiohttp": "openai",
}
# In the environment of the SDKs google-genai would take aiohttp if it were there: it has one of its own.
ELSEWHERE = {"Aiohttp": "litellm"}
LIMIT_S = 60.0
# Statuses are alike to a client, and so is where an answer breaks off to one that waits for all of it.
EVERYTHING = {"OpenAISync", "OpenAIAsync"}
ONCE = {
    name
    for name in PERSISTENT
    if (name.startswith("http_") and name not in ("http_429", "http_500")) or name.endswith(" after 2")
}
ASYNC = {"OpenAIAsync", "AnthropicAsync", "GeminiAsync", "HttpxAsync", "Aiohttp"}


@pytest.mark.parametrize("operation", ["complete", "stream"])
@pytest.mark.parametrize("client", CLIENTS)
def test_the_caller_sees_the_same(client, operation, setting, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    call = Call(f"a{operation}" if client in ASYNC else operation)
    scenarios = {
        name: Scenario((call,), (script,))
        for name, script in scripts(CLIENTS[client], streams=operation == "stream")
        if client in EVERYTHING or name not in ONCE
    }
    seen = {transport: play(transport, client, setting, scenarios) for transport in TRANSPORTS}
    simulated, real = seen["in-process"], seen["loopback"]
    # In real time a busy machine can be late; what differs for another reason differs again.
    again = {name: scenarios[name] for name in scenarios if real[name] != simulated[name]}
    real |= play("loopback", client, setting, again)
    known = {name for row in DIFFERENCES if client in row.clients for name in row.scripts & scenarios.keys()}

    assert {name: real[name] for name in scenarios if name not in known} == {
        name: simulated[name] for name in scenarios if name not in known
    }
    without_errors = {name: replace(simulated[name], errors=real[name].errors) for name in known}
    assert {name: real[name] for name in known} == without_errors
    gone = [name for name in known if real[name] == simulated[name]]
    assert gone == [], "these are no differences any more: take them out of the table"


def test_there_is_enough_to_compare():
    assert len(PERSISTENT.keys() - ONCE) > 25
    assert FAULTS.keys() <= PERSISTENT.keys()
    assert {name for row in DIFFERENCES for name in row.scripts} <= PERSISTENT.keys()
    assert {name for row in DIFFERENCES for name in row.clients} <= CLIENTS.keys()


def scripts(provider, *, streams):
    for name, act in {**PERSISTENT, **(STREAMED if streams else {})}.items():
        yield name, Script(0, provider, then=act)
    for name, acts in SEQUENCES.items():
        yield name, Script(0, provider, acts)


def play(transport, client, setting, scenarios):
    # What a handler's libraries warn of is theirs; as an error it would change what they do.
    with warnings.catch_warnings(record=True), player(transport, client, setting) as one:
        warnings.simplefilter("default")
        return {name: outlines(one.play(scenario))[0] for name, scenario in scenarios.items()}


def player(transport, client, setting):
    if client in ELSEWHERE:
        spec, python = f"impatient_aiohttp.py:{client}", python_of(ELSEWHERE[client])
        return Worker(setting, spec, LIMIT_S, FOLDER, transport=transport, python=python)
    return Runner(setting, f"{FOLDER / 'impatient.py'}:{client}", transport=transport)
