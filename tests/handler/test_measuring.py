"""count_tokens and cost: what they are given, and that whatever they return is written down exactly."""

import json
import warnings
from fractions import Fraction

import pytest

from llminv.contract import Usage
from llminv.history import History, Raised, Returned, Stopped
from llminv.runner import Runner
from llminv.scenario import Call, Scenario

OPENAI = {
    "dialect": "openai-chat",
    "base_url": "https://api.openai.com/v1",
    "key": "OPENAI_API_KEY",
    "model": "gpt-4o-mini",
}
GEMINI = {
    "dialect": "gemini",
    "base_url": "https://generativelanguage.googleapis.com",
    "key": "GEMINI_API_KEY",
    "model": "g",
}
SETTING = {"providers": {"openai": OPENAI, "gemini": GEMINI}, "policy": {"chain": ["openai", "gemini"]}}
COUNT = Call("count_tokens", text="hi")


def play(folder, source, *calls):
    """The history of the calls against a handler with this source, after a way through JSON text."""
    (folder / "h.py").write_text(source)
    with (
        warnings.catch_warnings(record=True),
        Runner(SETTING | {"prices": {}}, f"{folder}/h.py:Handler") as runner,
    ):
        history = runner.play(Scenario(calls))
    assert History.from_json(json.loads(json.dumps(history.to_json()))) == history
    return history


def returns(expression):
    return (
        "import decimal, enum, fractions\n"
        "class Handler:\n"
        "    def count_tokens(self, text, *, provider, model, tools=()):\n"
        f"        return {expression}\n"
    )


@pytest.mark.parametrize(
    ("expression", "type_name", "value", "number"),
    [
        ("7", "int", "7", 7),
        ("-571234567890", "int", "-571234567890", -571234567890),
        ("10**5000", "int", hex(10**5000), Fraction(10**5000)),
        ("enum.IntEnum('Size', 'ONE').ONE", "int", "1", 1),
        ("True", "bool", "True", None),
        ("None", "None", "None", None),
        ("0.1", "float", "0.1", Fraction(0.1)),
        ("571234567890.0", "float", "571234567890.0", 571234567890),
        ("float('nan')", "float", "nan", None),
        ("-float('inf')", "float", "-inf", None),
        ("decimal.Decimal('0.10')", "Decimal", "0.10", Fraction(1, 10)),
        ("decimal.Decimal('sNaN')", "Decimal", "sNaN", None),
        ("decimal.Decimal('1E+999999999')", "Decimal", "1E+999999999", None),
        ("'7\\ud800'", "str", "7\ud800", None),
        ("fractions.Fraction(1, 2)", "fractions.Fraction", "Fraction(1, 2)", None),
        ("object()", "builtins.object", "<object object at 0x…>", None),
        ("__import__('os').environ['OPENAI_API_KEY']", "str", "<key:openai>", None),
        ("[1] * 1000", "builtins.list", ("[" + "1, " * 100)[:200], None),
    ],
)
def test_a_value_of_any_type_is_recorded_as_it_is(tmp_path, expression, type_name, value, number):
    outcome = play(tmp_path, returns(expression), COUNT).outcome(0)
    assert outcome == Returned(0.0, 0, type_name, value)
    assert outcome.number == number


ECHO = """
class Handler:
    def count_tokens(self, text, *, provider, model, tools=()):
        return repr((text, provider, model, tools))
    def cost(self, usage, *, provider, model):
        return repr((usage, provider, model))
"""
HELLO = ({"role": "user", "content": "Say hello."},)
TOOL = {"type": "function", "function": {"name": "t"}}
FIRST = ("openai", "gpt-4o-mini")


@pytest.mark.parametrize(
    ("call", "given"),
    [
        (Call("count_tokens"), ([*HELLO], *FIRST, ())),
        (Call("count_tokens", text=""), ("", *FIRST, ())),
        (Call("count_tokens", text="ab", times=2), ("abab", *FIRST, ())),
        (Call("count_tokens", tools=(TOOL,)), ([*HELLO], *FIRST, (TOOL,))),
        (Call("count_tokens", text="a", provider="gemini"), ("a", "gemini", "g", ())),
        (Call("count_tokens", text="a", model="other"), ("a", "openai", "other", ())),
        (Call("cost"), (Usage(9, 5), *FIRST)),
        (Call("cost", usage=Usage(1, 0), provider="gemini", model="m"), (Usage(1, 0), "gemini", "m")),
    ],
)
def test_a_handler_is_given_what_the_call_says(tmp_path, call, given):
    assert play(tmp_path, ECHO, call).outcome(0) == Returned(0.0, 0, "str", repr(given))


def test_tools_are_only_given_where_there_are_some(tmp_path):
    source = "class Handler:\n    def count_tokens(self, text, *, provider, model): return len(text)\n"
    assert play(tmp_path, source, COUNT).outcome(0).number == 2


@pytest.mark.parametrize("joins", [False, True])
def test_sync_and_async_ones_play_together(tmp_path, joins):
    source = """
import asyncio, time
class Handler:
    async def count_tokens(self, text, *, provider, model):
        await asyncio.sleep(2)
        return len(text)
    def cost(self, usage, *, provider, model):
        time.sleep(3)
        return usage.input_tokens
"""
    calls = (COUNT, Call("cost", joins=joins))
    ends = [(event.at_s, event.call, event.value) for event in play(tmp_path, source, *calls).of(Returned)]
    assert ends == [(2.0, 0, "2"), (3.0 if joins else 5.0, 1, "9")]


def test_what_it_raises_and_a_hang_are_recorded_and_the_next_call_goes_on(tmp_path):
    source = """
import asyncio
class Panic(BaseException):
    pass
class Handler:
    def count_tokens(self, text, *, provider, model):
        raise Panic("stack overflow")
    async def cost(self, usage, *, provider, model):
        await asyncio.get_running_loop().create_future()
"""
    history = play(tmp_path, source, COUNT, COUNT, Call("cost"))
    first, second, third = (history.outcome(call) for call in range(3))
    assert isinstance(first, Raised)
    assert (first.error.type, second.error.message) == ("Panic", "stack overflow")
    assert isinstance(third, Stopped)
    assert third.reason == "hang"


def test_a_coroutine_that_nobody_awaits_is_a_value_of_the_wrong_type(tmp_path):
    source = (
        "class Handler:\n    def count_tokens(self, text, **named): return later()\nasync def later(): ...\n"
    )
    outcome = play(tmp_path, source, COUNT).outcome(0)
    assert (outcome.type, outcome.value) == ("builtins.coroutine", "<coroutine object later at 0x…>")


def test_counting_asks_the_provider_in_the_same_world_and_consumes_no_act(tmp_path):
    source = """
import contextlib, http.client, json
class Handler:
    def count_tokens(self, text, *, provider, model):
        host = http.client.HTTPSConnection("generativelanguage.googleapis.com")
        with contextlib.closing(host):
            host.request("POST", f"/v1beta/models/{model}:countTokens", json.dumps({"contents": [text]}))
            return json.load(host.getresponse())["totalTokens"]
"""
    history = play(tmp_path, source, Call("count_tokens", text="a" * 400, provider="gemini"))
    assert history.outcome(0).number > 90
    assert history.attempts(0) == []


COUNTS = """
class Handler:
    def __init__(self, world):
        self.world, self.asked = world, 0
    {what}def cost(self, usage, *, provider, model):
        self.asked += 1
        if self.asked == 9_999:
            raise LookupError(usage)
        return self.asked // 3
"""


@pytest.mark.parametrize("what", ["", "async "])
def test_what_is_asked_again_and_again_makes_an_event_for_each_run_of_equal_values(tmp_path, what):
    source = COUNTS.replace("{what}", what)
    history = play(tmp_path, source, Call("cost", usage=Usage(1, 1), times=7), Call("cost"))
    assert [(event.call, event.value, event.times) for event in history.of(Returned)] == [
        (0, "0", 2),
        (0, "1", 3),
        (0, "2", 2),
        (1, "2", 1),
    ]
    whole = play(tmp_path, source, Call("cost", times=10_000))
    assert sum(event.times for event in whole.of(Returned)) == 9_998
    assert isinstance(whole.events[-1], Raised)
