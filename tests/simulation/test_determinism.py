"""The same scenario gives the same history, in any process and whatever was played before it."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llminv.audit.worker import Worker
from llminv.history import History
from llminv.scenario import ANSWER, Act, Call, Framing, Scenario, Script
from llminv.simulation.faults import FAULTS

# What the libraries of the handler warn of is theirs; as an error it would change what they do.
pytestmark = pytest.mark.filterwarnings("ignore")

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "examples/byok/handler.py:Handler")
PROVIDERS = ("openai", "anthropic", "deepseek", "gemini")
LIMIT_S = 60.0
WAYS = {
    "byok": ("examples/byok/handler.py:Handler", ("acomplete",)),
    "raw": ("examples/raw/handler.py:Handler", ("complete", "acomplete", "stream", "astream")),
}
ACTS = st.one_of(
    st.just(ANSWER),
    st.sampled_from([Act(name) for name in FAULTS]),
    st.builds(
        Act,
        st.sampled_from([None, *FAULTS]),
        after=st.integers(0, 3),
        cut_every=st.integers(0, 40),
        delay_s=st.sampled_from([0.0, 0.5, 30.0]),
        gap_s=st.sampled_from([0.0, 1.0]),
        framing=st.builds(Framing, newline=st.sampled_from([None, "crlf", "cr"]), comments=st.booleans()),
    ),
)
ROWS = st.builds(
    Script, st.integers(0, 1), st.sampled_from(PROVIDERS), st.lists(ACTS, max_size=3).map(tuple), ACTS
)


def scenarios(operations):
    calls = st.builds(
        Call, st.sampled_from(operations), wait_s=st.sampled_from([0.0, 7.0]), joins=st.booleans()
    )
    rows = st.lists(ROWS, max_size=6, unique_by=lambda row: (row.call, row.provider))
    return st.builds(Scenario, st.lists(calls, min_size=1, max_size=2).map(tuple), rows.map(tuple))


MIXED = Scenario(
    (Call("acomplete"), Call("acomplete")),
    (
        Script(0, "openai", (Act("http_429"), Act("connection_reset")), Act("http_500")),
        Script(0, "anthropic", then=Act("no_answer")),
        Script(1, "openai", then=Act("name_not_found")),
        Script(1, "anthropic", (Act("connect_timeout"),), Act("key_rejected")),
    ),
)


def play_twice(setting, way, number):
    spec, operations = WAYS[way]
    played = []

    with Worker(setting, str(ROOT / spec), LIMIT_S) as worker:

        @settings(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(scenarios(operations))
        def twice(scenario):
            first = worker.play(scenario)
            played.append((scenario, first))
            other, before = played[len(played) // 2]  # what was played in between is of any shape
            assert worker.play(other) == before
            assert worker.play(scenario) == first
            assert History.from_json(json.loads(json.dumps(first.to_json()))) == first

        twice()


@pytest.mark.parametrize(("way", "number"), [("byok", 30), ("raw", 300)])
def test_any_scenario_twice_with_others_in_between(setting, way, number):
    play_twice(setting, way, number)


@pytest.mark.deep
@pytest.mark.parametrize("way", WAYS)
def test_a_thousand_scenarios_twice(setting, way):
    play_twice(setting, way, 1_000)


def test_another_process_with_other_hashes(example, setting, monkeypatch):
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        with Worker(setting, EXAMPLE, LIMIT_S) as worker:
            assert worker.play(MIXED) == example.play(MIXED)


def test_two_histories_of_different_scenarios_differ(example):
    assert example.play(MIXED) != example.play(Scenario(MIXED.calls))
