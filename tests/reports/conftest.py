"""A promise, and a handler that stops at the first provider that fails: what every report is shown."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from llminv.audit.events import Audit, Counterexample, HandlerInfo, InvariantResult
from llminv.declaration.models import Invariant, Policy, Provider
from llminv.declaration.promise import Promise
from llminv.errors import Place
from llminv.evidence.bug import Bug, from_counterexample
from llminv.evidence.version import Version
from llminv.history import (
    CallStarted,
    ErrorInfo,
    FaultReached,
    History,
    Measurements,
    Raised,
    RequestReceived,
    ResponseSent,
)
from llminv.scenario import Act, Call, Scenario, Script
from llminv.verdict import Finding, Status, Verdict

URLS = {
    "openai": "https://api.openai.com/v1/chat/completions",
    "anthropic": "https://api.anthropic.com/v1/messages",
}


def make_promise(**fields) -> Promise:
    fields = {
        "id": "provider-fallback-chain",
        "title": "Provider Fallback Chain",
        "kind": "fallback_order",
        "statement": "A failing provider routes the request to the next one in the chain.",
        "critical": "agents stop working when no provider answers",
        **fields,
    }
    return Promise(
        domain=fields.pop("domain", "LLM Integration Domain"),
        invariant=Invariant(**fields),
        providers={
            name: Provider(dialect=dialect, base_url=URLS[name], key=f"{name.upper()}_API_KEY", model="m")
            for name, dialect in (("openai", "openai-chat"), ("anthropic", "anthropic-messages"))
        },
        policy=Policy(chain=("openai", "anthropic"), exhausted="NoProviderAvailable"),
        place=Place("invariants/llm.yaml", 6, 5),
    )


def request(at_s, provider, attempt=0, **fields):
    return RequestReceived(at_s, 0, provider, attempt, "POST", URLS[provider], **{"model": "m-1", **fields})


@pytest.fixture
def promise() -> Promise:
    return make_promise()


@pytest.fixture
def kinds():
    """A stand-in for the registry: reports read these four things of a kind."""
    kind = SimpleNamespace(
        name="fallback_order",
        summary="A failing provider routes the request to the next one.",
        codes={"chain_stopped": "A provider failed and the next one was not tried."},
        describe=lambda promise: f"plays each fault at each of {', '.join(promise.policy.chain)}",
    )
    return {kind.name: kind}


@pytest.fixture
def scenario() -> Scenario:
    return Scenario((Call("acomplete"),), (Script(0, "openai", then=Act("http_429")),))


@pytest.fixture
def history() -> History:
    error = ErrorInfo(
        "RateLimitError",
        "Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
        "openai",
        ("APIStatusError", "OpenAIError"),
        (
            "app/handler.py:41 in acomplete",
            "app/handler.py:77 in _ask",
            "openai/_base_client.py:1669 in request",
        ),
    )
    cause = ErrorInfo("HTTPStatusError", "Client error '429 Too Many Requests'", "httpx")
    return History(
        events=(
            CallStarted(0.0, 0, "acomplete"),
            request(0.002, "openai", fault="http_429", keys=("openai",)),
            ResponseSent(0.004, 0, "openai", 0, "{...", 429),
            FaultReached(0.004, 0, "openai", 0, "http_429"),
            ResponseSent(0.004, 0, "openai", 0, "}", end="whole"),
            Raised(0.004, 0, error, (cause,)),
        ),
        printed="asking openai\n",
        ended_at_s=0.004,
        measurements=Measurements(real_s=0.5),
    )


@pytest.fixture
def counterexample(scenario, history) -> Counterexample:
    finding = Finding(
        code="chain_stopped",
        expected="anthropic is tried after openai failed with http_429",
        observed="RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
        provider="openai",
        fault_class="rate_limit",
        at_s=0.004,
    )
    return Counterexample(finding, scenario, history, origin="cell", plays=9, replayed=True)


@pytest.fixture
def handler() -> HandlerInfo:
    return HandlerInfo("app/handler.py:Handler", ("acomplete",))


@pytest.fixture
def bug(promise, counterexample, handler) -> Bug:
    return from_counterexample(
        promise,
        counterexample,
        handler,
        version=Version("1" * 40, is_dirty=True, packages={"httpx": "0.28.1"}),
        transport="in-process",
        seed=7,
        today=date(2026, 1, 31),
        folder=Path("/project"),
    )


@pytest.fixture
def audit(promise, counterexample, handler) -> Audit:
    """One invariant of each verdict."""
    unknown = make_promise(id="answers-in-time", title="Answers In Time")
    absent = make_promise(id="streams-end", title="Streams End")
    held = make_promise(id="keys-stay-with-their-provider", title="Keys Stay With Their Provider")
    return Audit(
        handler,
        seed=7,
        results=(
            InvariantResult(
                held, Verdict(Status.HELD), labels={"b": 2, "a": 1}, plays=112, cells=12, drawn=100
            ),
            InvariantResult(
                promise,
                Verdict(Status.VIOLATED),
                (counterexample,),
                plays=31,
                cells=4,
                drawn=2,
                labels={"a": 1},
            ),
            InvariantResult(
                unknown,
                Verdict(Status.UNKNOWN, "never exercised: timeout fired at openai; fell back to anthropic"),
                missing=("timeout fired at openai", "fell back to anthropic"),
                plays=7,
                cells=7,
            ),
            InvariantResult(
                absent, Verdict(Status.NOT_OFFERED, "the handler offers neither stream nor astream")
            ),
        ),
    )
