"""What is said, made simpler: every value that comes weighs less, and what identifies stays."""

import json

import pytest

from llminv.audit.reduce import Space, reduce
from llminv.audit.simplify import simpler, weight
from llminv.contract import ToolCall, Usage
from llminv.scenario import Act, Call, Said, Scenario, Script

SPACE = Space(("openai",), ("http_429",), ("complete",))


def test_roles_ids_and_names_are_kept():
    message = {"role": "tool", "tool_call_id": "call_0", "content": "b"}
    kept = [less for less in simpler(message) if less.keys() == message.keys()]
    assert {less["content"] for less in kept} == {"a", "", "é", "漢", "\u2028", "😀"}
    assert {(less["role"], less["tool_call_id"]) for less in kept} == {("tool", "call_0")}


def test_a_limit_stays_one_that_providers_take():
    limits = [less["max_tokens"] for less in simpler({"max_tokens": 3}) if less]
    assert set(limits) == {1, 2}


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


THREE = (
    ToolCall("call_7", "look_up", '{"text":"é"}'),
    ToolCall("call_8", "ping"),
    ToolCall("call_9", "ping"),
)
SAYS_MUCH = Said(tool_calls=THREE, deltas="characters", tool_fragments="at_once", tool_index="repeated")


@pytest.mark.parametrize(
    ("shows", "least"),
    {
        "an ending": (lambda said: said.tool_calls or said.finish_reason, Said(finish_reason="stop")),
        "another": (
            lambda said: said.tool_calls or said.finish_reason not in (None, "stop"),
            Said(finish_reason="length"),
        ),
        "two calls": (lambda said: len(said.tool_calls) > 1, Said(tool_calls=(ToolCall(), ToolCall()))),
        "an id": (
            lambda said: said.tool_calls and said.tool_calls[0].id,
            Said(tool_calls=(ToolCall("a"),)),
        ),
        "a name": (
            lambda said: said.tool_calls and said.tool_calls[0].name,
            Said(tool_calls=(ToolCall(name="a"),)),
        ),
        "arguments": (
            lambda said: any(len(call.arguments) > 2 and call.name for call in said.tool_calls),
            Said(tool_calls=(ToolCall(name="a", arguments='{"a":0}'),)),
        ),
        "how they are cut": (
            lambda said: said.tool_index != "given" and said.deltas != "words" and said.tool_fragments,
            Said(deltas="whole", tool_index="missing"),
        ),
    }.values(),
)
def test_the_calls_that_a_provider_makes(shows, least):
    scenario = Scenario((Call("complete"),), (Script(0, "openai", then=Act(said=SAYS_MUCH)),))
    found = minimum(lambda one: bool(one.acts) and shows(one.acts[0].then.said or Said()), scenario)
    assert found.acts == (Script(0, "openai", then=Act(said=least)),)


def test_the_calls_in_a_conversation_keep_their_names():
    call = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    names = {
        said["function"]["name"]
        for less in simpler({"role": "assistant", "tool_calls": [call]})
        for said in less.get("tool_calls", ())
        if "name" in said.get("function", ())
    }
    assert names == {"f"}
    assert {"tool_calls": None} not in list(simpler({"tool_calls": None}))


def test_what_a_provider_says():
    said = Said("Hello", usage=Usage(30, 12, 10))
    scenario = Scenario((Call("complete"),), (Script(0, "openai", then=Act(said=said)),))

    def cached(scenario):
        script = scenario.script(0, "openai").then.said
        return bool(script and script.usage and script.usage.cached_input_tokens)

    least = Said(usage=Usage(cached_input_tokens=1))
    assert minimum(cached, scenario).acts == (Script(0, "openai", then=Act(said=least)),)
