"""The price books that a handler's World can have: the declared one and the synthetic one."""

import json

from llminv.declaration.prices import PriceBook
from llminv.runner import Runner
from llminv.scenario import Call, Scenario
from llminv.simulation.prices import synthetic

BOOK = {
    "unit": "per_1k",
    "currency": "USD",
    "models": {
        "openai": {
            "a": [{"input": "1", "output": "1"}],
            "b": [
                {"input": "1", "output": "1", "cached_input": "1", "until": "2026-10-01"},
                {
                    "from": "2026-10-01",
                    "input": "1",
                    "output": "1",
                    "cache_write": "1",
                    "reasoning": "1",
                    "tiers": [
                        {"above": 9, "input": "1", "output": "1", "cache_write": "1", "reasoning": "1"}
                    ],
                },
            ],
        }
    },
}


def test_every_price_is_told_from_every_other_and_all_else_is_as_declared():
    made = synthetic(BOOK)
    assert made["models"]["openai"]["a"] == [{"input": "3", "output": "7", "tiers": []}]
    first, second = made["models"]["openai"]["b"]
    assert first == {"input": "3", "output": "7", "cached_input": "2", "until": "2026-10-01", "tiers": []}
    assert second == {
        "from": "2026-10-01",
        "input": "51",
        "output": "119",
        "cache_write": "85",
        "reasoning": "187",
        "tiers": [{"above": 9, "input": "663", "output": "1547", "cache_write": "1105", "reasoning": "2431"}],
    }
    assert PriceBook.model_validate(made).contradictions() == []


def test_it_is_per_thousand_tokens_in_whatever_unit_is_declared():
    made = synthetic({**BOOK, "unit": "per_1M"})
    assert made["models"]["openai"]["a"] == [{"input": "3000", "output": "7000", "tiers": []}]


def test_without_a_book_there_is_nothing_to_make_up():
    assert synthetic({}) == {"models": {}}


def test_a_scenario_says_which_book_the_handler_is_given(tmp_path):
    (tmp_path / "h.py").write_text(
        "class Handler:\n"
        "    def __init__(self, world): self.prices = world.prices\n"
        "    def cost(self, usage, *, provider, model):\n"
        "        return self.prices['models'][provider][model][0]['input']\n"
    )
    provider = {"dialect": "openai-chat", "base_url": "https://api.openai.com/v1", "key": "K", "model": "a"}
    setting = {"providers": {"openai": provider}, "policy": {"chain": ["openai"]}, "prices": BOOK}
    with Runner(setting, f"{tmp_path}/h.py:Handler") as runner:
        made = Scenario((Call("cost"),), prices="synthetic")
        assert Scenario.from_json(json.loads(made.text)) == made
        played = [runner.play(scenario).outcome(0).value for scenario in (Scenario((Call("cost"),)), made)]
    assert played == ["1", "3"]
