"""What the official SDKs understand of an answer, whole or streamed, is exactly what was said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sdk_clients import HEAR, Heard, Wire, anthropic_client, gemini_client, openai_client

from llminv.contract import ToolCall, Usage
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Answer
from llminv.simulation.dialects.stream import Part, whole

WEATHER = ToolCall("call_1", "get_weather", '{"city": "Paris", "days": [1, 2.5]}')
ANSWERS = {
    "text": Answer("Hello from the sim.", "m-1"),
    "one word": Answer("Hello", "m-1"),
    "not ascii": Answer("Grüße 👋 \u2028 \ufeff, 日本語\n\ttab \"quoted\" \\ {'a': 1}", "m-1"),
    "white space": Answer("  leading and trailing \n", "m-1"),
    "length": Answer("Hello", "m-1", "length"),
    "filtered": Answer("Hello", "m-1", "content_filter"),
    "tool": Answer("", "m-1", "tool_calls", (WEATHER,)),
    "text and tools": Answer("Let me see.", "m-1", "tool_calls", (WEATHER, ToolCall("call_2", "now", "{}"))),
    "two tools": Answer("", "m-1", "tool_calls", (WEATHER, replace(WEATHER, id="call_2"))),
    "cached": Answer("Hello", "m-1", usage=Usage(1000, 50, 800, 0, 0)),
    "reasoning": Answer("Hello", "m-1", usage=Usage(9, 60, 0, 0, 40), reasoning="Let me think. 🤔"),
    "no usage": Answer("Hello", "m-1", usage=None),
}


def expected(name: str, answer: Answer, deltas: list[str]) -> Heard:
    dialect, usage = DIALECTS[name], answer.usage
    if usage is not None:
        written = (usage.cache_write_tokens or 0) if name == "anthropic-messages" else None
        thoughts = usage.reasoning_tokens if name == "anthropic-messages" else usage.reasoning_tokens or 0
        usage = replace(
            usage,
            cached_input_tokens=usage.cached_input_tokens or 0,
            cache_write_tokens=written,
            reasoning_tokens=thoughts,
        )
    finish = dialect.finish(answer.finish_reason)
    calls = [replace(call, arguments=json.loads(call.arguments)) for call in answer.tool_calls]
    reasoning = "" if name == "openai-chat" else answer.reasoning
    return Heard(answer.text, reasoning, answer.model, finish, calls, usage, deltas)


def heard_of(heard: Heard) -> Heard:
    calls = [replace(call, arguments=json.loads(call.arguments)) for call in heard.tool_calls]
    return replace(heard, tool_calls=calls)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_understood_as_it_was_said(name: str, answer: Answer) -> None:
    heard = HEAR[name](Wire(DIALECTS[name].answer(answer)), stream=False)
    assert replace(heard_of(heard), deltas=[]) == expected(name, answer, [])


# Without usage Anthropic's SDK cannot add the events up; the next test reads them one by one.
STREAMED = [
    (name, said)
    for name in DIALECTS
    for said in ANSWERS
    if (name, said) != ("anthropic-messages", "no usage")
]


@pytest.mark.parametrize(("name", "said"), STREAMED)
def test_a_stream_is_understood_as_it_was_said(name: str, said: str) -> None:
    answer = ANSWERS[said]
    deltas = ["Hello", " from", " the", " sim."] if said == "text" else None
    heard = HEAR[name](Wire(DIALECTS[name].stream(answer)), stream=True)
    assert heard_of(heard) == expected(name, answer, deltas or heard.deltas)


def test_anthropic_events_without_usage() -> None:
    stream = DIALECTS["anthropic-messages"].stream(ANSWERS["no usage"])
    events = anthropic_client(Wire(stream)).messages.create(
        model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}], stream=True
    )
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert not any(Part.USAGE in event.carries for event in stream.events)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("split", [whole, list], ids=["one delta", "one character a delta"])
def test_any_split_says_the_same(name: str, split) -> None:
    answer = Answer("Grüße 👋 now.", "m-1", "tool_calls", (WEATHER,), Usage(9, 60, 0, 0, 40), "Hm, 🤔.")
    heard = HEAR[name](Wire(DIALECTS[name].stream(answer, split=split)), stream=True)
    assert heard.deltas == list(split(answer.text))
    assert heard_of(heard) == expected(name, answer, heard.deltas)


def test_openai_reports_usage_in_a_stream_only_when_asked() -> None:
    dialect, answer = DIALECTS["openai-chat"], ANSWERS["text"]
    silent = dialect.stream(answer, usage=False)
    assert HEAR["openai-chat"](Wire(silent), stream=True, usage=False).usage is None
    assert not any('"usage"' in event.data for event in silent.events)
    asked = [json.loads(event.data) for event in dialect.stream(answer).events[:-1]]
    assert [chunk["usage"] for chunk in asked[:-1]] == [None] * 6
    assert asked[-1]["choices"] == []


def test_deepseek_and_the_others_report_usage_unasked() -> None:
    for name in ("deepseek", "anthropic-messages", "gemini"):
        heard = HEAR[name](Wire(DIALECTS[name].stream(ANSWERS["text"], usage=False)), stream=True)
        assert heard.usage is not None, name


def test_anthropic_counts_the_cache_beside_the_input() -> None:
    answer = Answer("Hello", "m", usage=Usage(1000, 60, 800, 150, 40))
    body = json.loads(DIALECTS["anthropic-messages"].answer(answer).body)["usage"]
    assert body == {
        "input_tokens": 50,
        "cache_creation_input_tokens": 150,
        "cache_read_input_tokens": 800,
        "output_tokens": 60,
        "output_tokens_details": {"thinking_tokens": 40},
        "cache_creation": {"ephemeral_5m_input_tokens": 150, "ephemeral_1h_input_tokens": 0},
        "service_tier": "standard",
    }


def test_anthropic_may_report_usage_in_parts() -> None:
    answer = Answer("Hello", "m", usage=Usage(1000, 60, 800, 150, 40), usage_split=True)
    stream = DIALECTS["anthropic-messages"].stream(answer)
    (last,) = [json.loads(event.data) for event in stream.events if event.name == "message_delta"]
    assert last["usage"] == {"output_tokens": 60, "output_tokens_details": {"thinking_tokens": 40}}
    assert HEAR["anthropic-messages"](Wire(stream), stream=True).usage == answer.usage
    for name in ("openai-chat", "deepseek", "gemini"):
        whole_usage = replace(answer, usage_split=False)
        assert DIALECTS[name].stream(answer).encode() == DIALECTS[name].stream(whole_usage).encode()


def test_gemini_counts_the_cache_within_and_thoughts_beside() -> None:
    answer = Answer("Hello", "m", usage=Usage(1000, 60, 800, 0, 40))
    assert json.loads(DIALECTS["gemini"].answer(answer).body)["usageMetadata"] == {
        "promptTokenCount": 1000,
        "totalTokenCount": 1060,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}],
        "cachedContentTokenCount": 800,
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 800}],
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 40,
    }


def test_deepseek_splits_the_prompt_into_hit_and_miss() -> None:
    answer = Answer("Hello", "m", usage=Usage(1000, 60, 800, 0, 40))
    assert json.loads(DIALECTS["deepseek"].answer(answer).body)["usage"] == {
        "prompt_tokens": 1000,
        "completion_tokens": 60,
        "total_tokens": 1060,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens_details": {"reasoning_tokens": 40},
        "prompt_cache_hit_tokens": 800,
        "prompt_cache_miss_tokens": 200,
    }


def test_token_counts_are_understood() -> None:
    anthropic = anthropic_client(Wire(DIALECTS["anthropic-messages"].counted(42)))
    counted = anthropic.messages.count_tokens(model="m", messages=[{"role": "user", "content": "hi"}])
    assert counted.input_tokens == 42
    gemini = gemini_client(Wire(DIALECTS["gemini"].counted(42)))
    assert gemini.models.count_tokens(model="m", contents="hi").total_tokens == 42
    for name in ("openai-chat", "deepseek"):
        assert DIALECTS[name].counted(42) == DIALECTS[name].error("not_found")


def test_a_lone_call_opens_openais_stream_and_two_do_not() -> None:
    dialect = DIALECTS["openai-chat"]
    lone, two = (dialect.stream(ANSWERS[answer]).events[0] for answer in ("tool", "two tools"))
    assert json.loads(lone.data)["choices"][0]["delta"] == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [
            {
                "index": 0,
                "id": "call_1",
                "type": "function",
                "function": {"name": "get_weather", "arguments": ""},
            }
        ],
    }
    assert json.loads(two.data)["choices"][0]["delta"] == {
        "role": "assistant",
        "content": None,
        "refusal": None,
    }


def test_arguments_that_are_not_json_go_out_as_text_where_only_values_can() -> None:
    answer = Answer("", "m", "tool_calls", (ToolCall("c", "f", '{"x": NaN'),))
    gemini = json.loads(DIALECTS["gemini"].answer(answer).body)
    assert gemini["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == '{"x": NaN'
    heard = HEAR["openai-chat"](Wire(DIALECTS["openai-chat"].answer(answer)), stream=False)
    assert heard.tool_calls == [ToolCall("c", "f", '{"x": NaN')]


def test_what_utf8_cannot_hold_is_escaped() -> None:
    for dialect in DIALECTS.values():
        answer = Answer("half \ud83d", "m\udc00")
        assert b"half \\ud83d" in dialect.answer(answer).body
        assert b" \\ud83d" in dialect.stream(answer).encode()


def test_a_client_can_be_pointed_anywhere() -> None:
    wire = Wire(DIALECTS["deepseek"].answer(ANSWERS["text"]))
    client = openai_client(wire, "http://sim/some/prefix")
    client.chat.completions.create(model="deepseek-chat", messages=[{"role": "user", "content": "hi"}])
    parsed = DIALECTS["deepseek"].parse(wire.requests[0])
    assert parsed is not None
    assert (parsed.operation, parsed.model, parsed.key) == ("complete", "deepseek-chat", "sk-canary")
