"""Values to JSON and back: the same for every value, and strict about everything else."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llminv import contract, history, scenario, verdict
from llminv.codec import from_json, to_json
from llminv.contract import Reply, ToolCall, Usage
from llminv.history import Event, History, Raised, Replied, ResponseSent
from llminv.scenario import Act, Call, Scenario, Script

MODULES = (contract, scenario, history, verdict)
# What a handler is given, and what is gathered from events, is made anew wherever it is needed.
NOT_STORED = {"World", "ProviderAccess", "Request", "Attempt", "Verdict"}
VALUES = [
    item
    for module in MODULES
    for item in vars(module).values()
    if isinstance(item, type)
    and dataclasses.is_dataclass(item)
    and item.__module__ == module.__name__
    and item.__name__ not in NOT_STORED
]

NUMBERS = st.floats(allow_nan=False)
# The keys that stand for a number that JSON does not have are the codec's own.
KEYS = st.text(max_size=5).filter(lambda key: key not in ("decimal", "float"))
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | NUMBERS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
MONEY = st.decimals(allow_nan=False) | NUMBERS | st.integers() | st.text(max_size=5)
PLAIN = {str: st.text(max_size=8), int: st.integers(), float: NUMBERS, bool: st.booleans(), Decimal: MONEY}


def of_hint(hint) -> st.SearchStrategy:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if hint is typing.Any:
        return JSON
    if origin in (typing.Union, types.UnionType):
        return st.one_of([st.none() if arg is type(None) else of_hint(arg) for arg in args])
    if origin is tuple and len(args) == 2 and args[1] is not Ellipsis:
        return st.tuples(*map(of_hint, args))
    if origin in (tuple, Sequence):
        return st.lists(of_hint(args[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(KEYS, JSON, max_size=3)
    return values(hint)


def values(cls) -> st.SearchStrategy:
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{field.name: of_hint(hints[field.name]) for field in dataclasses.fields(cls)})


@pytest.mark.parametrize("cls", VALUES, ids=lambda cls: cls.__name__)
def test_every_value_survives_json_text(cls):
    @settings(deadline=None, max_examples=50)
    @given(values(cls))
    def survives(value):
        # An event is read as what it is by its tag, wherever one of several can stand.
        stored = History((value,)) if cls in typing.get_args(Event) else value
        assert from_json(type(stored), json.loads(json.dumps(to_json(stored)))) == stored

    survives()


def test_all_values_are_drawn():
    assert {cls.__name__ for cls in VALUES} >= {
        *("Usage", "ToolCall", "Reply", "Chunk"),
        *("Act", "Script", "Call", "Scenario"),
        *(event.__name__ for event in typing.get_args(Event)),
        *("History", "ErrorInfo", "Measurements", "Finding"),
    }


def test_defaults_are_left_out():
    value = Scenario((Call("complete"),), (Script(0, "openai", (Act("http_429"),)),))
    assert to_json(value) == {
        "calls": [{"operation": "complete"}],
        "acts": [{"call": 0, "provider": "openai", "attempts": [{"fault": "http_429"}]}],
    }


def test_events_carry_their_tag():
    value = History((Replied(0.5, 0, Reply("hi", usage=Usage(1, 2), cost=Decimal("0.10"))),), 0.5)
    assert to_json(value) == {
        "events": [
            {
                "event": "replied",
                "at_s": 0.5,
                "call": 0,
                "reply": {
                    "text": "hi",
                    "usage": {"input_tokens": 1, "output_tokens": 2},
                    "cost": {"decimal": "0.10"},
                },
            }
        ],
        "ended_at_s": 0.5,
    }


def test_tags_are_unique():
    tags = [event.tag for event in typing.get_args(Event)]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("number", ["inf", "-inf", "nan"])
def test_numbers_that_json_does_not_have(number):
    data = to_json(History(ended_at_s=float(number)))
    assert data == {"ended_at_s": {"float": number}}
    assert repr(from_json(History, data).ended_at_s) == number


CALL = {"operation": "complete"}
ACT = {"call": 0, "provider": "openai"}


@pytest.mark.parametrize(
    ("cls", "data", "message"),
    [
        (Scenario, [], "Scenario: found [], expected a mapping"),
        (Scenario, {}, "Scenario: field 'calls' is missing"),
        (Scenario, {"calls": 1}, "Scenario.calls: found 1, expected a list"),
        (Scenario, {"calls": "ab"}, "Scenario.calls: found 'ab', expected a list"),
        (Scenario, {"calls": [{}]}, "Scenario.calls[0]: field 'operation' is missing"),
        (
            Scenario,
            {"calls": [], "act": []},
            "Scenario: found 'act', expected a field of calls, acts, prices, unset",
        ),
        (
            Scenario,
            {"calls": [CALL, {"operation": 1}]},
            "Scenario.calls[1].operation: found 1, expected str",
        ),
        (
            Scenario,
            {"calls": [CALL], "acts": [{**ACT, "call": "0"}]},
            "Scenario.acts[0].call: found '0', expected int",
        ),
        (
            Scenario,
            {"calls": [CALL], "acts": [{**ACT, "call": True}]},
            "Scenario.acts[0].call: found True, expected int",
        ),
        (
            Scenario,
            {"calls": [CALL], "acts": [{**ACT, "then": {"fault": 429}}]},
            "Scenario.acts[0].then.fault: found 429, expected str",
        ),
        (
            Scenario,
            {"calls": [CALL], "acts": [{**ACT, "then": None}]},
            "Scenario.acts[0].then: found None, expected a mapping",
        ),
        (Scenario, {"calls": [{**CALL, "messages": [[]]}]}, "Scenario.calls[0].messages[0]: found [], expected a mapping"),
        (ResponseSent, {"at_s": "1", "call": 0, "provider": "a", "attempt": 0}, "ResponseSent.at_s: found '1', expected a number"),
        (ResponseSent, {"at_s": True, "call": 0, "provider": "a", "attempt": 0}, "ResponseSent.at_s: found True, expected a number"),
        (ToolCall, {"index": 1.0}, "ToolCall.index: found 1.0, expected int"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_path(cls, data, message):
    with pytest.raises(ValueError) as caught:
        from_json(cls, data)
    assert str(caught.value) == message


def test_an_unknown_event_is_named_with_its_path():
    known = ", ".join(event.tag for event in typing.get_args(Event))
    for data, found in (({"event": "dreamt"}, "'dreamt'"), ({}, "None"), (3, "None")):
        with pytest.raises(ValueError) as caught:
            from_json(History, {"events": [data]})
        assert str(caught.value) == f"History.events[0]: found {found}, expected one of {known}"


def test_what_has_no_json_form_is_refused():
    with pytest.raises(TypeError, match=r"^object has no JSON form$"):
        to_json({"a": [object()]})


def test_a_number_without_a_point_is_a_number():
    assert from_json(Raised, {"at_s": 1, "call": 0, "error": {"type": "E", "message": ""}}).at_s == 1.0
