"""The machine-readable report: every key, always."""

import dataclasses
import json

from llminv.history import History, Measurements
from llminv.reports.formats import FORMATS
from llminv.scenario import Scenario

KEYS = [
    "id",
    "domain",
    "title",
    "kind",
    "statement",
    "critical",
    "declared_in",
    "verdict",
    "reason",
    "accepted",
    "plays",
    "cells",
    "drawn",
    "drawn_all",
    "labels",
    "missing",
    "counterexamples",
]


def test_the_report(audit, kinds, bug, scenario, history):
    value = json.loads(FORMATS["json"](audit, kinds, ()))
    assert {key: value[key] for key in list(value)[:-1]} == {
        "format": 1,
        "llminv": "0.1.0",
        "handler": {"spec": "app/handler.py:Handler", "offers": ["acomplete"]},
        "seed": 7,
        "counts": {"held": 1, "violated": 1, "unknown": 1, "not offered": 1},
    }
    assert [list(result) for result in value["results"]] == [KEYS] * 4
    held, violated, unknown, absent = value["results"]
    assert held | {"counterexamples": []} == {
        "id": "keys-stay-with-their-provider",
        "domain": "LLM Integration Domain",
        "title": "Keys Stay With Their Provider",
        "kind": "fallback_order",
        "statement": "A failing provider routes the request to the next one in the chain.",
        "critical": "agents stop working when no provider answers",
        "declared_in": {"file": "invariants/llm.yaml", "line": 6, "column": 5},
        "verdict": "held",
        "reason": "",
        "accepted": False,
        "plays": 112,
        "cells": 12,
        "drawn": 100,
        "drawn_all": False,
        "labels": {"a": 1, "b": 2},
        "missing": [],
        "counterexamples": [],
    }
    (found,) = violated["counterexamples"]
    assert Scenario.from_json(found.pop("scenario")) == scenario
    kept = History.from_json(found.pop("history"))
    assert (kept, kept.measurements) == (history, Measurements())
    assert found == {
        "bug": bug.id,
        "accepted": "",
        "replayed": True,
        "origin": "cell",
        "plays": 9,
        "sentence": "A provider failed and the next one was not tried.",
        "finding": {
            "code": "chain_stopped",
            "expected": "anthropic is tried after openai failed with http_429",
            "observed": "RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
            "call": 0,
            "provider": "openai",
            "fault_class": "rate_limit",
            "at_s": 0.004,
        },
    }
    assert (unknown["verdict"], unknown["missing"]) == (
        "unknown",
        ["timeout fired at openai", "fell back to anthropic"],
    )
    assert absent["reason"] == "the handler offers neither stream nor astream"


def test_an_accepted_bug(audit, kinds, bug):
    value = json.loads(FORMATS["json"](audit, kinds, [dataclasses.replace(bug, accepted="until June")]))
    assert value["results"][1]["accepted"] is True
    assert value["results"][1]["counterexamples"][0]["accepted"] == "until June"


def test_any_text_survives(audit, kinds, history, counterexample):
    loud = dataclasses.replace(history, printed="\ud800\x00ü")
    found = dataclasses.replace(counterexample, history=loud)
    results = (dataclasses.replace(audit.results[1], counterexamples=(found,)),)
    text = FORMATS["json"](dataclasses.replace(audit, results=results), kinds, ())
    assert text.isascii()
    assert json.loads(text)["results"][0]["counterexamples"][0]["history"]["printed"] == "\ud800\x00ü"
