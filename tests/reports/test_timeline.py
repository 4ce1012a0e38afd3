"""Every event of a history becomes a row, in the words of the vocabulary."""

import typing

import pytest

from llminv.contract import Chunk, Reply, ToolCall, Usage
from llminv.history import (
    UNKNOWN_ROUTE,
    CallStarted,
    ChunkReceived,
    ConnectFailed,
    ConnectionClosed,
    ConsumerStopped,
    ContractBroken,
    ErrorInfo,
    Event,
    FaultReached,
    History,
    HostRefused,
    Raised,
    RealRefused,
    Released,
    Replied,
    RequestReceived,
    ResponseSent,
    Returned,
    Stopped,
)
from llminv.reports.timeline import Row, timeline
from llminv.scenario import Act, Call, Said, Scenario, Script

ONE = Scenario((Call("complete"),))


def request(at_s, provider, attempt=0, **fields):
    return RequestReceived(at_s, 0, provider, attempt, "POST", "https://x/", **{"model": "m-1", **fields})


def told(*events, scenario=ONE, **options):
    rows = timeline(scenario, History(events), **options)
    return [f"{row.at} {row.who} > {row.whom}: {row.what}" for row in rows]


def test_a_fallback(scenario, history):
    fallen_back = (
        *history.events[:-1],
        request(0.5, "anthropic", model="claude"),
        ResponseSent(0.5, 0, "anthropic", 0, "{", 200),
        ResponseSent(0.501, 0, "anthropic", 0, "}", end="whole"),
        Replied(0.501, 0, Reply("Hello.", provider="anthropic", model="claude")),
    )
    assert told(*fallen_back, scenario=scenario) == [
        '0.000 s caller > handler: acomplete "Say hello."',
        "0.002 s handler > openai: attempt 1, model m-1",
        "0.004 s openai > handler: 429, http_429: Too many requests.",
        "0.500 s handler > anthropic: attempt 1, model claude",
        "0.500 s anthropic > handler: 200: an answer",
        '0.501 s handler > caller: replies "Hello." (anthropic, claude)',
    ]


def test_a_provider_that_never_answers_and_a_retry():
    assert told(
        request(1, "openai", fault="no_answer"),
        FaultReached(21, 0, "openai", 0, "no_answer"),
        ConnectFailed(22, 0, "openai", 1, "connection_refused", "api.openai.com"),
        Stopped(1800, 0, "hang", "waiting for ever"),
    ) == [
        "1.000 s handler > openai: attempt 1, model m-1",
        "21.000 s openai > handler: no_answer: The request is accepted and nothing ever comes back.",
        "22.000 s handler > openai: attempt 2: connection_refused: Nothing listens: the connection is refused at once.",
        "1800.000 s llminv > handler: stopped: nothing can ever happen again, and nobody holds a timer (waiting for ever)",
    ]


@pytest.mark.parametrize(
    ("event", "row"),
    [
        (CallStarted(0, 0, "complete"), 'caller > handler: complete "Say hello."'),
        (
            request(0, "openai", keys=("anthropic", "openai")),
            "handler > openai: attempt 1, model m-1, with the key of anthropic",
        ),
        (
            RequestReceived(0, -1, "openai", -1, "GET", "https://api.openai.com/v1/models"),
            "handler > openai: GET https://api.openai.com/v1/models",
        ),
        (
            HostRefused(0, 0, "evil.example", 443),
            "handler > evil.example:443: refused: neither a declared provider nor a known one",
        ),
        (
            RealRefused(0, 0, "grpc", "the import of its C core"),
            "handler > grpc: refused, it would leave the simulation: the import of its C core",
        ),
        (ChunkReceived(0, 0, Chunk("a\n")), 'handler > caller: 1 chunk: "a\\n"'),
        (ConsumerStopped(0, 0), "caller > handler: wants no more of the stream"),
        (
            ConnectionClosed(0, 0, "openai", 0),
            "handler > openai: closes the connection before the answer is whole",
        ),
        (Released(0, 0), "handler > caller: lets go of the stream"),
        (Replied(0, 0), "handler > caller: the stream ends"),
        (Replied(0, 0, Reply("", (ToolCall(),))), 'handler > caller: replies "" and 1 tool call'),
        (Returned(0, 0, "Decimal", "0.10"), "handler > caller: returns Decimal 0.10"),
        (Raised(0, 0, ErrorInfo("ValueError", "")), "handler > caller: raises ValueError"),
        (
            Raised(0, 0, ErrorInfo("A", "x\n\x1b[31m\ud800")),
            "handler > caller: raises A: x\\n\\x1b[31m\\ud800",
        ),
        (
            ContractBroken(0, 0, "builtins.dict"),
            "handler > caller: returns what the contract does not know: builtins.dict",
        ),
        (Stopped(0, 0, "flood"), "llminv > handler: stopped: more requests than any handler needs"),
        (
            Stopped(0, 0, "horizon"),
            "llminv > handler: stopped: the virtual time that a scenario may take is over",
        ),
        (Stopped(0, 0, "new reason"), "llminv > handler: new reason"),
        (ResponseSent(0, 0, "openai", 0, "{", 200), "openai > handler: 200: an answer"),
        (FaultReached(0, 0, "openai", 0, "from the future"), "openai > handler: from the future"),
        (
            ConnectFailed(0, 0, "openai", 0, "name_not_found", "x"),
            "handler > openai: attempt 1: name_not_found: The host name does not resolve.",
        ),
    ],
)
def test_one_event(event, row):
    assert told(event) == [f"0.000 s {row}"]


def test_every_kind_of_event_has_a_test():
    parameters = next(mark for mark in test_one_event.pytestmark if mark.name == "parametrize").args[1]
    assert {type(event) for event, _ in parameters} == set(typing.get_args(Event))


def test_a_connection_that_is_given_up_for_a_fault_has_no_row_of_its_own():
    assert told(
        request(0, "openai", fault="no_answer"),
        FaultReached(20, 0, "openai", 0, "no_answer"),
        ConnectionClosed(20, 0, "openai", 0),
    ) == [
        "0.000 s handler > openai: attempt 1, model m-1",
        "20.000 s openai > handler: no_answer: The request is accepted and nothing ever comes back.",
    ]


def test_a_route_that_no_scenario_decides_about():
    assert told(
        RequestReceived(0, 0, "openai", -1, "GET", "https://api.openai.com/v1/models", fault=UNKNOWN_ROUTE),
        ResponseSent(0, 0, "openai", -1, "", 404, "whole"),
    )[1:] == ["0.000 s openai > handler: 404: nothing that a scenario decides about"]


def test_an_answer_that_breaks_off_is_told_and_an_idle_connection_is_not():
    assert told(
        request(0, "openai"),
        ResponseSent(0, 0, "openai", 0, "{", 200),
        ResponseSent(1, 0, "openai", 0, "", end="reset"),
        request(2, "openai", 1),
        ResponseSent(2, 0, "openai", 1, "{}", 200, "whole"),
        ResponseSent(3, 0, "openai", 1, "", end="closed"),
    ) == [
        "0.000 s handler > openai: attempt 1, model m-1",
        "0.000 s openai > handler: 200: an answer",
        "1.000 s openai > handler: the connection is reset before the answer is whole",
        "2.000 s handler > openai: attempt 2, model m-1",
        "2.000 s openai > handler: 200: an answer",
    ]


def test_a_fault_in_an_answer_that_comes_whole_is_told():
    assert told(
        request(0, "openai", fault="usage_missing"),
        ResponseSent(0, 0, "openai", 0, "{}", 200, "whole"),
        FaultReached(0, 0, "openai", 0, "usage_missing"),
    )[1:] == [
        "0.000 s openai > handler: 200: an answer",
        "0.000 s openai > handler: usage_missing: The answer does not report usage.",
    ]


def test_a_fault_is_explained_once():
    again = [
        event
        for attempt in range(2)
        for event in (
            request(0, "openai", attempt, fault="http_429"),
            ResponseSent(0, 0, "openai", attempt, "{}", 429, "whole"),
            FaultReached(0, 0, "openai", attempt, "http_429"),
        )
    ]
    assert told(*again)[1::2] == [
        "0.000 s openai > handler: 429, http_429: Too many requests.",
        "0.000 s openai > handler: 429, http_429",
    ]


def test_chunks_that_follow_each_other_are_one_row():
    chunks = [ChunkReceived(i, 0, Chunk("ab")) for i in range(3)]
    assert told(*chunks, Replied(3, 0), *chunks[:2]) == [
        '0.000 s handler > caller: 3 chunks: "ababab"',
        "3.000 s handler > caller: the stream ends",
        '0.000 s handler > caller: 2 chunks: "abab"',
    ]


def test_what_arrives_with_chunks_does_not_part_them_and_what_comes_later_does():
    sent = [ResponseSent(at_s, 0, "openai", 0, "data: ") for at_s in (0, 0, 5)]
    chunks = [ChunkReceived(at_s, 0, Chunk("ab")) for at_s in (0, 0, 5)]
    assert told(*(event for pair in zip(sent, chunks, strict=True) for event in pair)) == [
        '0.000 s handler > caller: 2 chunks: "abab"',
        '5.000 s handler > caller: 1 chunk: "ab"',
    ]


def test_what_a_call_says_beside_its_messages():
    tool = {"type": "function", "function": {"name": "ping"}}
    keys = {
        "openai": {"api_key": "<key:openai/acme>", "model": "m-2"},
        "gemini": {"api_key": "<key:gemini/acme>"},
    }
    calls = (
        Call("complete", tools=(tool,), tool_choice="auto", params={"temperature": 0, "stop": ["é"]}),
        Call("complete", tenant="acme", overrides=keys),
    )
    scenario = Scenario(calls, unset=("gemini",))
    assert told(*(CallStarted(0, number, "complete") for number in range(2)), scenario=scenario) == [
        (
            '0.000 s caller > handler: call 0: complete "Say hello.", with the tool ping, tool choice "auto", '
            'temperature 0, stop ["é"], without a key for gemini'
        ),
        '0.000 s caller > handler: call 1: complete "Say hello.", with the keys of acme, for openai {"model":"m-2"}',
    ]


@pytest.mark.parametrize(
    ("act", "row"),
    [
        (Act("http_429", retry_after="5"), "429, http_429: Too many requests. Retry-After: 5."),
        (Act("http_429", retry_info="5s"), "429, http_429: Too many requests. RetryInfo: 5s."),
        (Act(said=Said(text="")), "200: an answer without text"),
        (Act(said=Said(model="m-dated")), "200: an answer in the name of m-dated"),
    ],
)
def test_what_a_provider_says_beside_the_usual(act, row):
    scenario = Scenario(ONE.calls, (Script(0, "openai", then=act),))
    events = (
        request(0, "openai", fault=act.fault),
        ResponseSent(0, 0, "openai", 0, "{", 429 if act.fault else 200),
    )
    assert told(*events, scenario=scenario)[1:] == [f"0.000 s openai > handler: {row}"]


def test_several_calls_are_told_apart():
    messages = ({"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text"}]})
    two = Scenario((Call("complete"), Call("complete", messages, start="anthropic"), Call("complete", ())))
    assert told(*(CallStarted(0, i, "complete") for i in range(3)), Replied(0, 1), scenario=two) == [
        '0.000 s caller > handler: call 0: complete "Say hello."',
        "0.000 s caller > handler: call 1: complete [{'type': 'text'}], the last of 2 messages, starting at anthropic",
        "0.000 s caller > handler: call 2: complete without a message",
        "0.000 s handler > caller: call 1: the stream ends",
    ]


def test_long_texts_are_cut():
    (row,) = told(Replied(0, 0, Reply("x" * 500)))
    assert row == f'0.000 s handler > caller: replies "{"x" * 200}… (300 more)"'


def test_a_long_history_keeps_its_beginning_and_its_end():
    events = [request(i, "openai", i) for i in range(1000)]
    rows = timeline(ONE, History(tuple(events)))
    assert len(rows) == 40
    assert rows[26] == Row(26.0, "handler", "openai", "attempt 27, model m-1")
    assert rows[27] == Row(27.0, "", "", "… 961 rows more")
    assert rows[28] == Row(988.0, "handler", "openai", "attempt 989, model m-1")
    assert rows[-1].at_s == 999.0
    assert len(timeline(ONE, History(tuple(events[:40])))) == 40
    assert "more" not in timeline(ONE, History(tuple(events[:40])))[27].what


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        (Call("count_tokens"), 'count_tokens "Say hello."'),
        (Call("count_tokens", text="a\n", times=3), 'count_tokens "a\\n" 3 times'),
        (Call("count_tokens", text="", model="m"), 'count_tokens "" for m'),
        (
            Call("cost", usage=Usage(1, 0), provider="openai"),
            "cost input_tokens 1, output_tokens 0 for openai",
        ),
    ],
)
def test_what_a_value_is_asked_of(call, asked):
    rows = told(CallStarted(0, 0, call.operation), scenario=Scenario((call,)))
    assert rows == [f"0.000 s caller > handler: {asked}"]
