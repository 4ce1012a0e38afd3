"""examples/byok: what it gives its SDKs to read, and its streams in play."""

import asyncio
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llminv.audit.worker import Worker
from llminv.contract import Request, ToolCall, Usage
from llminv.history import ChunkReceived, ConnectionClosed, ConsumerStopped, Replied
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script
from llminv.simulation.faults import FAULTS, Effect, Where

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from byok.errors import ErrorInsideError, ProviderError
from byok.events import EventReader
from byok.policy import FaultClass
from byok.streaming import StreamedAnswer, streamed

EXAMPLES = Path(__file__).parents[2] / "examples"
PROVIDERS = {
    "openai": ("openai-chat", "https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini"),
    "anthropic": ("anthropic-messages", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "claude-opus-4-8"),
    "deepseek": ("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek-chat"),
    "gemini": ("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", "gemini-2.5-flash"),
}
CHAIN = tuple(PROVIDERS)
SETTING = {
    "providers": {
        name: dict(zip(("dialect", "base_url", "key", "model"), row, strict=True))
        for name, row in PROVIDERS.items()
    },
    "policy": {"chain": list(CHAIN)},
    "prices": {},
}
HOSTILE = "日本 héllo \u2028 \u2029 \x85 👩‍👩‍👧 e\u0301 नमस्ते مرحبا \x00 data: [DONE]\r\n\r\ndata: {}\n: end"


# What SDKs are given to read


def plain(*pieces):
    reader = EventReader()
    return b"".join([*(event for piece in pieces for event in reader.feed(piece)), *reader.end()])


def cut(data, places):
    edges = [0, *sorted(place for place in places if place < len(data)), len(data)]
    return [data[left:right] for left, right in pairwise(edges)]


STREAM = (
    "\ufeff: comment\r\nevent: a\rdata:1\n\r\nid: 7\nretry: 10\n\n:\n\nevent: nothing\n\ndata\n\n"
    'data: {\r\ndata:  "é\u2028": 1}\r\n\r\ndata: [DONE]\n\ndata: half an event\n'
).encode()  # fmt: skip
PLAIN = 'event: a\ndata: 1\n\ndata: {\ndata:  "é\u2028": 1}\n\ndata: [DONE]\n\n'.encode()


@given(st.sets(st.integers(1, len(STREAM)), max_size=len(STREAM)))
@example(set())
@example(set(range(len(STREAM))))
def test_the_same_events_however_the_bytes_are_cut(places):
    assert plain(*cut(STREAM, places)) == PLAIN


@pytest.mark.parametrize(
    ("stream", "fault_class"),
    [
        (b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n', "unavailable"),
        (b'data: {"error": {"code": "rate_limit_exceeded"}}\n\n', "rate_limit"),
        (b'data: {"error": {"code": 503}}\n\n', "unavailable"),
        (b'data: {}\n\n[{\n  "error": {\n    "code": 500\n  }\n}]\n', "server_error"),
        (b'{"error": {"code": "content_filter"}}', "content_policy"),
    ],
)
def test_an_error_in_a_stream_is_the_fault_that_it_is(stream, fault_class):
    with pytest.raises(ProviderError) as raised:
        plain(stream)
    assert raised.value.fault_class == FaultClass(fault_class)
    assert isinstance(raised.value.cause, ErrorInsideError)


@pytest.mark.parametrize(
    ("stream", "given"),
    [
        (b'{"promptFeedback": {}}', b'data: {"promptFeedback": {}}\n\n'),
        (b"<!DOCTYPE html>\n<html>", b""),
        (b'data: {"error": null}\n\n', b'data: {"error": null}\n\n'),
        (b'data: {"text": "\\"error\\""}\n\n', b'data: {"text": "\\"error\\""}\n\n'),
        (b"", b""),
    ],
)
def test_what_stands_in_no_frame_is_given_on_where_it_is_json(stream, given):
    assert plain(stream) == given


@pytest.mark.parametrize("said", [1, ["a"], {"a": 1}])
def test_what_is_no_text_is_not_passed_on(said):
    answer = StreamedAnswer("openai")
    with pytest.raises(TypeError):
        answer.say(said)
    with pytest.raises(TypeError):
        answer.add_to(answer.open_call("a", "f"), said)


# In play


@pytest.fixture(scope="module")
def play():
    with Worker(SETTING, str(EXAMPLES / "byok/handler.py:Handler"), limit_s=20) as worker:
        yield worker.play


def asked(provider, act, **call):
    before = CHAIN[: CHAIN.index(provider)]
    rows = [Script(0, name, then=Act("quota_exhausted")) for name in before]
    return Scenario((Call("astream", **call),), (*rows, Script(0, provider, then=act)))


def chunks_of(history):
    return [event.chunk for event in history.of(ChunkReceived)]


@pytest.mark.parametrize("provider", CHAIN)
def test_an_answer_in_the_oddest_bytes(play, provider):
    framing = Framing(
        newline="cr", space=False, comments=True, ids=True, retries=True, multi_line=True, empty_events=True
    )
    act = Act(said=Said(text=HOSTILE, deltas="characters"), framing=framing, cut_every=5)
    history = play(asked(provider, act))
    assert "".join(chunk.text for chunk in chunks_of(history)) == HOSTILE
    assert isinstance(history.outcome(0), Replied)


@pytest.mark.parametrize("provider", CHAIN)
def test_tool_calls_come_whole_behind_the_text_and_the_rest_with_the_last_chunk(play, provider):
    calls = (ToolCall("a", "f", '{"x":"é"}'), ToolCall("b", "g", "{}"))
    usage = Usage(input_tokens=90, output_tokens=30, cached_input_tokens=10)
    said = Said(text="Let us see.", tool_calls=calls, usage=usage, reasoning="Well.")
    *before, one, two, last = chunks_of(play(asked(provider, Act(said=said))))
    assert [chunk.text for chunk in before] == ["Let", " us", " see."]
    assert [
        (chunk.tool_call.name, chunk.tool_call.arguments, chunk.tool_call.index) for chunk in (one, two)
    ] == [
        ("f", '{"x":"é"}', 0),
        ("g", "{}", 1),
    ]
    assert one.tool_call.id and one.tool_call.id != two.tool_call.id
    assert (last.finish_reason, last.provider, last.model) == ("tool_calls", provider, PROVIDERS[provider][3])
    assert (last.usage.input_tokens, last.usage.output_tokens, last.usage.cached_input_tokens) == (90, 30, 10)


BREAKS = [
    row.name
    for row in FAULTS.values()
    if row.where is Where.BODY and row.effect not in (Effect.BODY, Effect.ANSWER)
]


@pytest.mark.parametrize("provider", CHAIN)
def test_what_breaks_off_behind_the_first_text_is_an_error_that_says_so(play, provider):
    for fault in BREAKS:
        history = play(asked(provider, Act(fault, after=1)))
        error = history.outcome(0).error
        assert (error.type, [chunk.text for chunk in chunks_of(history)]) == (
            "StreamInterrupted",
            ["Hello"],
        ), fault
        assert [attempt.provider for attempt in history.attempts(0)][-1] == provider


@pytest.mark.parametrize("provider", CHAIN)
@pytest.mark.parametrize(
    ("act", "stop"),
    [
        (Act(gap_s=1.0), {"stop_after": 1}),
        (Act(gap_s=1.0), {"stop_after_s": 0.5}),
        (Act("no_answer"), {"stop_after_s": 0.5}),
    ],
    ids=["between chunks", "before a chunk", "before the headers"],
)
def test_who_stops_closes_the_connection_then_and_there(play, provider, act, stop):
    history = play(asked(provider, act, **stop))
    (stopped,) = history.of(ConsumerStopped)
    assert [(event.at_s, event.provider) for event in history.of(ConnectionClosed)] == [
        (stopped.at_s, provider)
    ]


@pytest.mark.parametrize("provider", CHAIN)
def test_a_stream_that_has_ended_leaves_its_connection_to_the_next_call(play, provider):
    history = play(asked(provider, Act(gap_s=0.05)))
    assert isinstance(history.outcome(0), Replied)
    assert list(history.of(ConnectionClosed)) == []


class Words:
    """An adapter whose provider says one word after the other, at once."""

    name = "openai"

    async def stream(self, request, answer):
        for word in ("one", "two", "three"):
            answer.say(word)
            yield
        answer.finish("stop")


def test_the_time_of_a_slow_consumer_is_its_own():
    async def slowly():
        said = []
        async for chunk in streamed(Words(), Request([]), limit_s=0.02):
            said.append(chunk.text)
            await asyncio.sleep(0.02)
        return said

    assert asyncio.run(slowly()) == ["one", "two", "three", ""]
