"""The same scenario gives the same history, in any process and whatever was played before it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llminv.history import History
from llminv.scenario import ANSWER, Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS

# What the libraries of the handler warn of is theirs; as an error it would change what they do.
pytestmark = pytest.mark.filterwarnings("ignore")

EXAMPLE = str(Path(__file__).parents[2] / "examples/byok/handler.py:Handler")
PROVIDERS = ("openai", "anthropic", "deepseek", "gemini")
ACTS = st.sampled_from([ANSWER, *map(Act, FAULTS)])
ROWS = st.builds(
    Script, st.integers(0, 1), st.sampled_from(PROVIDERS), st.lists(ACTS, max_size=3).map(tuple), ACTS
)
SCENARIOS = st.builds(
    lambda rows, calls: Scenario((Call("acomplete"),) * calls, tuple(rows)),
    st.lists(ROWS, max_size=6, unique_by=lambda row: (row.call, row.provider)),
    st.integers(1, 2),
)
MIXED = Scenario(
    (Call("acomplete"), Call("acomplete")),
    (
        Script(0, "openai", (Act("http_429"), Act("connection_reset")), Act("http_500")),
        Script(0, "anthropic", then=Act("no_answer")),
        Script(1, "openai", then=Act("name_not_found")),
        Script(1, "anthropic", (Act("connect_timeout"),), Act("key_rejected")),
    ),
)


def test_any_scenario_twice_with_others_in_between(example):
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(SCENARIOS, SCENARIOS)
    def twice(scenario, other):
        first = example.play(scenario)
        example.play(other)
        assert example.play(scenario) == first
        assert History.from_json(json.loads(json.dumps(first.to_json()))) == first

    twice()


CHILD = """
import json, sys
from llminv.runner import Runner
from llminv.scenario import Scenario
with Runner(json.loads(sys.argv[2]), sys.argv[1]) as runner:
    history = runner.play(Scenario.from_json(json.loads(sys.argv[3])))
print(json.dumps(history.to_json()))
"""


def test_another_process_with_other_hashes(example, setting):
    arguments = [EXAMPLE, json.dumps(setting), MIXED.text]
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *arguments],
            env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
            capture_output=True,
            check=True,
        )
        assert History.from_json(json.loads(done.stdout)) == example.play(MIXED)


def test_two_histories_of_different_scenarios_differ(example):
    assert example.play(MIXED) != example.play(Scenario(MIXED.calls))
