"""Promises of the shipped declarations, and histories written by hand, for the tests of this folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from llminv.contract import Reply
from llminv.declaration.load import load
from llminv.history import (
    CallStarted,
    ConnectFailed,
    ErrorInfo,
    FaultReached,
    History,
    Raised,
    Replied,
    RequestReceived,
    ResponseSent,
)
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.faults import FAULTS

CHAIN = ("openai", "anthropic", "deepseek", "gemini")


@cache
def _shipped():
    models = {name: kind.model for name, kind in KINDS.items()}
    folder = Path(__file__).parents[2] / "invariants"
    promises = load([folder], models, tuple(DIALECTS)).promises
    return {promise.invariant.kind: promise for promise in promises}


def promise_of(kind, *, policy=None, **fields):
    """The shipped promise of a kind, with other fields of the invariant and of the policy."""
    promise = _shipped()[kind]
    return promise.model_copy(
        update={
            "invariant": promise.invariant.model_copy(update=fields),
            "policy": promise.policy.model_copy(update=policy or {}),
        }
    )


def call(start=None):
    return Call("complete", start=start)


def down(*rows, start=None):
    """The scenario in which "provider:fault" is down for good, for each row."""
    pairs = [row.split(":") for row in rows]
    return Scenario((call(start),), tuple(Script(0, name, then=Act(fault)) for name, fault in pairs))


def history(*steps, ends, ended_at_s=1.0):
    """One call: "openai:http_429" is an attempt that failed, "openai" one that was answered."""
    events = [CallStarted(0.0, 0, "complete")]
    attempts = dict.fromkeys(DIALECTS, 0)
    for number, step in enumerate(steps):
        provider, _, fault = step.partition(":")
        attempt = attempts.get(provider, 0)
        attempts[provider] = attempt + 1
        where = (number / 10, 0, provider, attempt)
        if fault and FAULTS[fault].before_request:
            events.append(ConnectFailed(*where, fault, "host"))
            continue
        events.append(RequestReceived(*where, "POST", "url", fault=fault or None, keys=(provider,)))
        if fault:
            events.append(FaultReached(*where, fault))
        if not fault or FAULTS[fault].answers:
            events.append(ResponseSent(*where, "{}", 200, "whole"))
    return History((*events, ends(ended_at_s)), ended_at_s)


def replies(text):
    return lambda at_s: Replied(at_s, 0, Reply(text))


def answers(provider):
    return replies(default_text(provider, 0))


def raises(name="NoProviderAvailable", message="openai, anthropic, deepseek, gemini", **fields):
    chain = tuple(ErrorInfo("E", text) for text in fields.pop("chain", ()))
    error = ErrorInfo(name, message, fields.pop("module", ""), fields.pop("bases", ()))
    return lambda at_s: Raised(at_s, 0, error, chain, fields.get("attempts", ()))
