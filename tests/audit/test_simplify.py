"""What is said, made simpler: every value that comes weighs less, and what identifies stays."""

import json

import pytest

from llminv.audit.reduce import Space, reduce
from llminv.audit.simplify import simpler, weight
from llminv.contract import Usage
from llminv.scenario import Act, Call, Said, Scenario, Script

SPACE = Space(("openai",), ("http_429",), ("complete",))


def test_roles_ids_and_names_are_kept():
    message = {"role": "tool", "tool_call_id": "call_0", "content": "b"}
    kept = [less for less in simpler(message) if less.keys() == message.keys()]
    assert {less["content"] for less in kept} == {"a", "", "é", "漢", "\u2028", "😀"}
    assert {(less["role"], less["tool_call_id"]) for less in kept} == {("tool", "call_0")}


def test_a_text_that_holds_json_goes_on_holding_it():
    texts = list(simpler('{"city": "b"}'))
    assert texts[0] == "a"
    assert all(isinstance(json.loads(text), dict) for text in texts[1:])


@pytest.mark.parametrize(
    ("value", "less"),
    [
        ("b", "a"),
        ("é", "a"),
        ("漢", "é"),
        ([1], []),
        ({"x": 1}, {}),
        (2, 1),
        (1, 0),
        (0.5, 0),
        (-1, 0),
        ("aa", "a"),
    ],
)
def test_weights(value, less):
    assert weight(less) < weight(value)
    assert less in list(simpler(value))


def minimum(shows, scenario):
    return reduce(scenario, shows, SPACE)


@pytest.mark.parametrize("text", ["so naïve", "漢字 and Ω", "👩‍👩‍👧 \u2028"])
def test_what_a_caller_says(text):
    call = Call("complete", messages=({"role": "system", "content": "x"}, {"role": "user", "content": text}))

    def odd(scenario):
        (*_, last) = scenario.calls[0].messages
        return not last.get("content", "").isascii()

    least = Call("complete", messages=({"content": "é"},))
    assert minimum(odd, Scenario((call,))) == Scenario((least,))


def test_what_a_provider_says():
    said = Said("Hello", usage=Usage(30, 12, 10))
    scenario = Scenario((Call("complete"),), (Script(0, "openai", then=Act(said=said)),))

    def cached(scenario):
        script = scenario.script(0, "openai").then.said
        return bool(script and script.usage and script.usage.cached_input_tokens)

    least = Said(usage=Usage(cached_input_tokens=1))
    assert minimum(cached, scenario).acts == (Script(0, "openai", then=Act(said=least)),)
