"""The bug of each broken copy FAILS on the copy and PASSES on the example."""

from datetime import date
from pathlib import Path

import pytest

from llminv.audit.events import Counterexample, HandlerInfo
from llminv.declaration.load import load
from llminv.evidence.bug import Bug, from_counterexample
from llminv.evidence.ledger import Ledger
from llminv.evidence.version import Version
from llminv.history import History
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.verdict import Finding

ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/byok/handler.py:Handler"
CHAIN = ("openai", "anthropic", "deepseek", "gemini")

# The broken copy: the invariant that it breaks, the finding, and how many providers are down for good.
BROKEN = {
    "rate_limit_not_caught": ("provider-fallback-chain", "chain_stopped", 1),
    "openai_anthropic_swapped": ("provider-fallback-chain", "out_of_order", 0),
    "stops_after_second": ("provider-fallback-chain", "chain_stopped", 2),
    "apology_on_exhaustion": ("exhaustion-names-every-provider", "failure_as_content", 4),
    "openai_key_to_anthropic": ("keys-stay-with-their-provider", "key_leaked", 1),
}


def bug_of(name: str) -> Bug:
    """Return the bug as a run records it, but for a history that a replay does not look at."""
    invariant, code, down = BROKEN[name]
    models = {kind: row.model for kind, row in KINDS.items()}
    promises = load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    promise = next(promise for promise in promises if promise.invariant.id == invariant)
    acts = tuple(Script(0, provider, then=Act("http_429")) for provider in CHAIN[:down])
    scenario = Scenario((Call("acomplete"),), acts)
    found = Counterexample(
        Finding(code, "as declared", "not so"), scenario, History(), "cell", 1, replayed=True
    )
    handler = HandlerInfo(f"tests/seeded/broken/{name}.py:Handler", ("acomplete",))
    return from_counterexample(
        promise,
        found,
        handler,
        version=Version(),
        transport="in-process",
        seed=1,
        today=date(2026, 1, 31),
        folder=ROOT,
    )


def test_every_broken_copy_is_here():
    assert {file.stem for file in (ROOT / "tests/seeded/broken").glob("*.py")} == set(BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_copy(cli, monkeypatch, tmp_path, name):
    monkeypatch.chdir(ROOT)
    bug = bug_of(name)
    Ledger(tmp_path).add(bug)
    file = str(tmp_path / f"{bug.id}.toml")
    broken = cli("replay", file)
    assert (broken.status, broken.out.splitlines()[0]) == (1, f"FAILS {bug.id} on {bug.handler}")
    example = cli("replay", file, "--handler", EXAMPLE)
    assert (example.status, example.out.splitlines()[0]) == (0, f"PASSES {bug.id} on {EXAMPLE}")


@pytest.mark.deep
def test_a_broken_copy_fails_a_run(cli, monkeypatch):
    monkeypatch.chdir(ROOT)
    spec = "tests/seeded/broken/apology_on_exhaustion.py:Handler"
    answer = cli("run", "--handler", spec, "--select", "exhaustion-names-every-provider", "-n", "1")
    assert answer.status == 1
    assert "VIOLATED exhaustion-names-every-provider: failure_as_content" in answer.out
