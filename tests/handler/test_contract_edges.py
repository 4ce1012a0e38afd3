"""What stands at the edge of the contract: wrong values in replies, generators left open, odd mappings."""

import json
import warnings
from decimal import Decimal

import pytest

from llminv.codec import from_json, to_json
from llminv.history import CallStarted, ChunkReceived, ConnectFailed, ContractBroken, History
from llminv.runner import Runner
from llminv.scenario import Act, Call, Scenario, Script

OPENAI = {
    "dialect": "openai-chat",
    "base_url": "https://api.openai.com/v1",
    "key": "OPENAI_API_KEY",
    "model": "gpt-4o-mini",
}
SETTING = {"providers": {"openai": OPENAI}, "policy": {"chain": ["openai"]}, "prices": {}}
ONE = Scenario((Call("complete"),))


def play(folder, source, *scenarios):
    """The histories of scenarios played one after the other against a handler with this source."""
    (folder / "h.py").write_text(source)
    with warnings.catch_warnings(record=True), Runner(SETTING, f"{folder}/h.py:Handler") as runner:
        return [runner.play(scenario) for scenario in scenarios]


def test_generators_of_one_scenario_do_not_warn_in_the_next(tmp_path):
    source = """
import warnings
class Handler:
    async def acomplete(self, request):
        async def numbers():
            yield 1
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            async for _ in numbers():
                pass
        return str([str(warning.message) for warning in seen])
"""
    scenario = Scenario((Call("acomplete"),))
    assert [history.outcome(0).reply.text for history in play(tmp_path, source, scenario, scenario)] == [
        "[]"
    ] * 2


@pytest.mark.parametrize(
    ("reply", "observed"),
    [
        ("Reply('hi', tool_calls=None)", "a Reply whose tool_calls is builtins.NoneType"),
        ("Reply('hi', tool_calls=[1])", "a Reply with a tool call that is builtins.int"),
        ("Reply('hi', usage=object())", "a Reply whose usage is builtins.object"),
        ("Reply('hi', usage={'input_tokens': 1})", "a Reply whose usage is builtins.dict"),
        ("Reply('hi', provider=object())", "a Reply whose provider is builtins.object"),
        ("Reply('hi', model=3)", "a Reply whose model is builtins.int"),
        ("Reply(3)", "a Reply whose text is builtins.int"),
        ("{'text': 'hi'}", "builtins.dict"),
        ("None", "builtins.NoneType"),
    ],
)
def test_a_reply_with_wrong_values_breaks_the_contract_and_nothing_else(tmp_path, reply, observed):
    source = f"""
from llminv.contract import Reply
class Handler:
    def complete(self, request):
        return {reply}
"""
    (history,) = play(tmp_path, source, ONE)
    assert history.outcome(0) == ContractBroken(0.0, 0, observed)
    assert History.from_json(json.loads(json.dumps(history.to_json()))) == history


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        ("Fraction(1, 2)", "fractions.Fraction Fraction(1, 2)"),
        ("{'usd': 0.1}", "builtins.dict {'usd': 0.1}"),
        ("True", "bool True"),
        ("object()", "builtins.object <object object at 0x…>"),
        ("Third()", 3),
        ("0.1", 0.1),
        ("'0.10'", "0.10"),
        ("Decimal('0.10')", Decimal("0.10")),
        ("None", None),
    ],
)
def test_a_cost_of_another_type_is_told_in_words_that_are_no_amount(tmp_path, cost, told):
    source = f"""
from decimal import Decimal
from fractions import Fraction
from llminv.contract import Chunk, Reply
class Third:
    def __index__(self):
        return 3
class Handler:
    def complete(self, request):
        return Reply("hi", cost={cost})
    def stream(self, request):
        yield Chunk("hi", cost={cost})
"""
    (whole, streamed) = play(tmp_path, source, ONE, Scenario((Call("stream"),)))
    said = whole.outcome(0).reply.cost
    (chunk,) = (event.chunk for event in streamed.of(ChunkReceived))
    assert (said, type(said), chunk.cost) == (told, type(told), told)
    assert History.from_json(json.loads(json.dumps(whole.to_json()))) == whole


@pytest.mark.parametrize(
    "odd", [{"decimal": "1"}, {"float": "nan"}, {"mapping": {}}, {"mapping": {"float": "1"}}]
)
def test_a_mapping_that_looks_like_another_value_survives(odd):
    scenario = Scenario((Call("complete", ({"role": "user", "content": odd},)),))
    assert from_json(Scenario, json.loads(json.dumps(to_json(scenario)))) == scenario


def test_an_event_alone_survives():
    event = CallStarted(0.0, 0, "complete")
    assert from_json(CallStarted, to_json(event)) == event


def test_a_connection_attempt_begins_when_it_begins(tmp_path):
    source = """
import urllib.request
class Handler:
    def complete(self, request):
        import time
        time.sleep(3)
        return urllib.request.urlopen("https://api.openai.com/v1/chat/completions", b"{}", timeout=20)
"""
    silent = Scenario((Call("complete"),), (Script(0, "openai", then=Act("connect_timeout")),))
    (history,) = play(tmp_path, source, silent)
    (attempt,) = history.attempts(0)
    assert (attempt.started_at_s, attempt.ended_at_s) == (3.0, 23.0)
    assert next(history.of(ConnectFailed)).since_s == 3.0
