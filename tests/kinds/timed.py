"""Histories with times, written by hand, and the routers of `timed_routers`, for the kinds about time."""

from pathlib import Path

from routes import raises

from llminv.history import CallStarted, ConnectFailed, FaultReached, History, RequestReceived, ResponseSent
from llminv.scenario import Call, Scenario, Script
from llminv.simulation.faults import FAULTS, Effect

ROUTERS = Path(__file__).with_name("timed_routers.py")
# What bare HTTP can be asked to stand.
FAULTS_PLAYED = (
    *("http_429", "http_500", "http_504", "no_answer", "connect_timeout", "http_503", "connection_refused"),
    *("connection_reset", "key_rejected", "http_400", "empty_200"),
)


def only(*rows, operation="complete"):
    return Scenario((Call(operation),), rows)


def then(act, provider="openai"):
    """The scenario in which one provider always does this."""
    return only(Script(0, provider, then=act))


def first(*acts, provider="openai"):
    """The scenario in which one provider does this, then answers."""
    return only(Script(0, provider, acts))


def history(*steps, ends=None, ended_at_s=None):
    """One call: ("openai", "http_429", 0, 1.5) is an attempt that began at 0 and failed at 1.5, None an answer."""
    events = [CallStarted(0.0, 0, "complete")]
    made = {}
    for provider, fault, from_s, to_s in steps:
        attempt = made[provider] = made.get(provider, -1) + 1
        where = (0, provider, attempt)
        if fault and FAULTS[fault].before_request:
            events.append(ConnectFailed(to_s, *where, fault, "host", since_s=from_s))
            continue
        events.append(RequestReceived(from_s, *where, "POST", "url", fault=fault))
        if not fault or FAULTS[fault].effect is not Effect.SILENCE:
            status = 307 if fault == "http_307" else 200 if not fault else 500
            events.append(ResponseSent(to_s, *where, "{}", status, "whole"))
        if fault:
            events.append(FaultReached(to_s, *where, fault))
    last_s = ended_at_s if ended_at_s is not None else (steps[-1][3] if steps else 0.0)
    return History((*events, (ends or raises())(last_s)), last_s)
