"""token_totality finds each way in which a count goes wrong without a tokenizer to prove it, and passes right ones."""

from dataclasses import replace

import pytest
from counting import TOTALITY, counting, found, promised

from llminv.audit.reduce import Space, reduce
from llminv.history import (
    CallStarted,
    ErrorInfo,
    History,
    Measurements,
    Raised,
    RequestReceived,
    Returned,
    Stopped,
)
from llminv.kinds.laws.token_growth import ADDITIONS, SENTENCE, TOOL, added
from llminv.kinds.token_totality import KIND
from llminv.scenario import Call, Scenario

SHORT = {"models": {}, "repeats": 0}
COUNT = Call("count_tokens")
EMPTY = replace(COUNT, text="")
CALLED = (
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "ping", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "a", "content": "a"},
)
PARTS = ({"role": "user", "content": [{"type": "text", "text": "a"}]},)


def test_a_right_counter_passes_and_exercises_what_is_required():
    promise = promised(TOTALITY, repeats=20_000)
    first, labels = found("Right", promise)
    assert first == {}
    assert KIND.required(promise) <= labels


# The counter, the code that it shows, and the least that shows it.
PLANTED = [
    ("Raises", "raised", [COUNT]),
    ("Floats", "not_an_int", [COUNT]),
    ("Nan", "not_an_int", [COUNT]),
    ("Truths", "not_an_int", [COUNT]),
    ("Decimals", "not_an_int", [COUNT]),
    ("Nothing", "not_an_int", [COUNT]),
    ("Negative", "negative", [COUNT]),
    ("EmptyIsOne", "empty_not_zero", [EMPTY]),
    ("Zero", "nothing_counted", [replace(COUNT, text="a")]),
    ("Zero", "not_counted", [COUNT, ADDITIONS["message"](COUNT)]),
    ("Stripped", "special_token", [replace(COUNT, text="<|endoftext|>")]),
    ("Collapsed", "special_token", [replace(COUNT, text="<|endoftext|>")]),
    ("LastMessages", "not_counted", [COUNT, ADDITIONS["message"](COUNT)]),
    (
        "CallsIgnored",
        "not_counted",
        [replace(COUNT, messages=CALLED), ADDITIONS["call"](replace(COUNT, messages=CALLED))],
    ),
    ("Waits", "never_ends", [COUNT]),
]


@pytest.mark.parametrize(("counter", "code", "minimal"), PLANTED)
def test_a_planted_bug_is_found_and_reduced(counter, code, minimal):
    promise = promised(TOTALITY, **SHORT)
    with counting(counter, promise) as playing:
        cells = KIND.cells(promise, playing.operations)
        first = next(cell for cell in cells if code in playing.codes(cell))
        space = Space(promise.policy.chain, (), playing.operations)
        reduced = reduce(first, lambda smaller: code in playing.codes(smaller), space)
    assert reduced == Scenario(tuple(minimal))


def test_a_count_that_falls_is_found():
    long = Call("count_tokens", text="a " * 4_000)
    with counting("Cut", promised(TOTALITY, **SHORT)) as playing:
        assert playing.codes(Scenario((long, ADDITIONS["text"](long)))) == {"not_counted"}
        middle = replace(long, text="a " * 60)
        codes = playing.codes(Scenario((middle, ADDITIONS["text"](replace(middle, times=1)))))
        assert codes <= {"not_counted", "lowered"}


def history(*numbers, cpu_s=0.0):
    events = tuple(Returned(0.0, call, "int", str(number)) for call, number in enumerate(numbers))
    return History(events, measurements=Measurements(cpu_s=cpu_s))


def codes(scenario, seen, **fields):
    return [finding.code for finding in KIND.check(promised(TOTALITY, **fields), scenario, seen)]


@pytest.mark.parametrize(
    ("before", "after", "code"), [(9, 8, ["lowered"]), (9, 9, ["not_counted"]), (9, 10, [])]
)
@pytest.mark.parametrize("word", ADDITIONS)
def test_the_law_of_growth(word, before, after, code):
    base = {
        "text": Call("count_tokens", text="a"),
        "part": replace(COUNT, messages=PARTS),
        "call": replace(COUNT, messages=CALLED),
    }
    base = base.get(word, COUNT)
    assert codes(Scenario((base, ADDITIONS[word](base))), history(before, after)) == code


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (COUNT, COUNT),
        (Call("count_tokens", text="a"), Call("count_tokens", text="ab")),
        (COUNT, replace(COUNT, tools=(TOOL,), provider="gemini")),
        (COUNT, replace(COUNT, messages=CALLED)),
        (Call("count_tokens", text="a"), Call("count_tokens", text=f"b\n\n{SENTENCE}")),
    ],
)
def test_calls_of_which_one_is_not_more_than_the_other_are_not_compared(before, after):
    assert added(before, after) is None
    assert codes(Scenario((before, after)), history(9, 3)) == []


@pytest.mark.parametrize(
    "function", [{"name": "ping"}, {"name": "ping", "arguments": "{"}, {"arguments": "[]"}]
)
def test_to_arguments_that_are_no_object_nothing_is_added(function):
    said = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": function}]}
    assert ADDITIONS["call"](replace(COUNT, messages=(said,))) is None


@pytest.mark.parametrize(
    ("provider", "literal", "times", "count", "code"),
    [
        (None, "<|endoftext|>", 1, 1, ["special_token"]),
        (None, "<|endoftext|>", 1, 2, []),
        (None, "<|endoftext|>", 16, 31, ["special_token"]),
        (None, "<|endoftext|>", 16, 32, []),
        ("deepseek", "<|endoftext|>", 1, 1, ["special_token"]),
        ("deepseek", "<\uff5cfim\u2581begin\uff5c>", 4, 4, []),
        ("deepseek", "<\uff5cfim\u2581begin\uff5c>", 4, 3, ["special_token"]),
        ("openai", "<\uff5cfim\u2581begin\uff5c>", 4, 4, ["special_token"]),
        ("gemini", "<start_of_turn>", 1, 1, []),
        ("anthropic", "<start_of_turn>", 1, 1, ["special_token"]),
    ],
)
def test_a_literal_is_text_but_to_its_own_vendor_if_that_does_not_say(provider, literal, times, count, code):
    scenario = Scenario((Call("count_tokens", text=literal, times=times, provider=provider),))
    assert codes(scenario, history(count)) == code


@pytest.mark.parametrize(("cpu_s", "code"), [(4.9, []), (5.1, ["too_slow"])])
def test_time_is_limited_as_declared(cpu_s, code):
    scenario = Scenario((Call("count_tokens", text="a", times=1_000_000),))
    assert codes(scenario, history(125_000, cpu_s=cpu_s), time_limit_s=5) == code


def test_time_is_measured():
    promise = promised(TOTALITY, models={}, repeats=1_000, time_limit_s=0.25)
    scenarios = [Scenario((Call("count_tokens", text="a", times=times),)) for times in (10, 1_000)]
    with counting("Slow", promise) as playing:
        playing.codes(scenarios[0])  # what is loaded once
        assert [playing.codes(scenario) for scenario in scenarios] == [set(), {"too_slow"}]


RAISED = Raised(0.0, 0, ErrorInfo("ValueError", "no"))


@pytest.mark.parametrize(
    "excuse",
    [
        Scenario((Call("count_tokens", text="half \ud83d"),)),
        Scenario((replace(COUNT, messages=({"content": "a"},)),)),
        Scenario((replace(COUNT, messages=({"role": "tool", "tool_call_id": "x", "content": "a"},)),)),
    ],
)
def test_what_no_provider_takes_may_raise(excuse):
    assert codes(excuse, History((RAISED,))) == []
    assert codes(Scenario((COUNT,)), History((RAISED,))) == ["raised"]


def test_an_endpoint_that_is_not_played_is_no_fault_of_the_handler():
    asked = RequestReceived(0.0, 0, "openai", -1, "POST", "https://x/", fault="unknown_route")
    assert codes(Scenario((COUNT,)), History((CallStarted(0.0, 0, "count_tokens"), asked, RAISED))) == []


def test_parts_of_text_are_in_order():
    assert codes(Scenario((replace(COUNT, messages=PARTS),)), History((RAISED,))) == ["raised"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"additions": ["texts"]}, "'texts' is nothing that can be added; did you mean 'text'?"),
        ({"additions": []}, "at least 1"),
        ({"time_limit_s": 0}, "greater than 0"),
    ],
)
def test_wrong_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=".*" + message.replace("?", r"\?")):
        promised(TOTALITY, **fields)


@pytest.mark.parametrize(
    ("reason", "code"), [("hang", "hang"), ("horizon", "never_ends"), ("flood", "never_ends")]
)
def test_counting_that_never_ends(reason, code):
    happened = History((CallStarted(0.0, 0, "count_tokens"), Stopped(1.0, 0, reason, "nothing happens")))
    promise = promised(TOTALITY, **SHORT)
    assert [one.code for one in KIND.check(promise, Scenario((COUNT,)), happened)] == [code]
