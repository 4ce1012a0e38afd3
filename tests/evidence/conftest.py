"""One bug, small enough to read, as `from_counterexample` makes it from the real models."""

from datetime import date
from pathlib import Path

import pytest

from llminv.audit.events import Counterexample, HandlerInfo
from llminv.declaration.models import Invariant, Policy, Provider
from llminv.declaration.promise import Promise
from llminv.errors import Place
from llminv.evidence.bug import Bug, from_counterexample
from llminv.evidence.version import Version
from llminv.history import CallStarted, ErrorInfo, History, Measurements, Raised, RequestReceived
from llminv.scenario import Act, Call, Scenario, Script
from llminv.verdict import Finding


@pytest.fixture
def promise() -> Promise:
    return Promise(
        domain="LLM Integration Domain",
        invariant=Invariant(
            id="provider-fallback-chain",
            title="Provider Fallback Chain",
            kind="fallback_order",
            statement="A failing provider routes the request to the next one.",
            critical="agents stop working",
        ),
        providers={
            "openai": Provider(
                dialect="openai-chat",
                base_url="https://api.openai.com/v1",
                key="OPENAI_API_KEY",
                model="gpt-4o-mini",
            )
        },
        policy=Policy(chain=("openai",), exhausted="NoProviderAvailable"),
        place=Place("invariants/llm.yaml", 3, 5),
    )


@pytest.fixture
def counterexample() -> Counterexample:
    return Counterexample(
        finding=Finding(
            code="stopped-early",
            expected="openai is asked, then anthropic",
            observed="openai is asked",
            provider="openai",
            fault_class="rate_limit",
        ),
        scenario=Scenario((Call("acomplete"),), (Script(0, "openai", then=Act("http_429")),)),
        history=History(
            events=(
                CallStarted(0.0, 0, "acomplete"),
                RequestReceived(0.0, 0, "openai", 0, "POST", "https://api.openai.com/v1/chat/completions"),
                Raised(0.25, 0, ErrorInfo("RateLimitError", "slow down")),
            ),
            ended_at_s=0.25,
            printed="asking openai\n",
            logged=("retrying",),
            measurements=Measurements(real_s=1.5),
        ),
        origin="cell",
        plays=12,
        replayed=True,
    )


@pytest.fixture
def bug(promise: Promise, counterexample: Counterexample) -> Bug:
    return from_counterexample(
        promise,
        counterexample,
        HandlerInfo("app.py:Handler", ("acomplete",)),
        version=Version(),
        transport="in-process",
        seed=7,
        today=date(2026, 1, 31),
        folder=Path("/project"),
    )
