"""A replay as a value: what is played, what is judged, and what cannot be said."""

import dataclasses
import shutil
from datetime import date
from pathlib import Path

import pytest

from llminv.audit.events import Counterexample, HandlerInfo
from llminv.declaration.load import load
from llminv.errors import HandlerError, LedgerError
from llminv.evidence.bug import Bug, from_counterexample
from llminv.evidence.replay import Outcome, replay, replay_here
from llminv.evidence.version import Version
from llminv.history import History, Raised
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.verdict import Finding

SUPPORT = Path(__file__).parents[1] / "support/project"
SCENARIO = Scenario((Call("complete"),), (Script(0, "openai", then=Act("http_429")),))


@pytest.fixture
def bug(tmp_path, monkeypatch) -> Bug:
    """The rate limit that `Stops` does not catch, with a history that nobody may look at."""
    shutil.copytree(SUPPORT, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    models = {name: kind.model for name, kind in KINDS.items()}
    promise = load([Path("invariants")], models, tuple(DIALECTS)).promises[0]
    finding = Finding(
        "chain_stopped", "expected then", "observed then", provider="openai", fault_class="rate_limit"
    )
    counterexample = Counterexample(finding, SCENARIO, History(), "cell", 1, replayed=True)
    handler = HandlerInfo("broken.py:Stops", ("complete",))
    return from_counterexample(
        promise,
        counterexample,
        handler,
        version=Version(),
        transport="in-process",
        seed=1,
        today=date(2026, 1, 31),
        folder=Path.cwd(),
    )


def test_fails(bug):
    result = replay(bug, KINDS)
    assert (result.outcome, result.reason, result.handler) == (Outcome.FAILS, "", "broken.py:Stops")
    assert result.finding is not None
    assert result.finding.expected == "deepseek is tried after openai failed with http_429"
    assert [attempt.provider for attempt in result.history.attempts(0)] == ["openai"]


def test_passes(bug):
    result = replay(bug, KINDS, handler="handler.py:Router")
    assert (result.outcome, result.finding, result.findings) == (Outcome.PASSES, None, ())
    assert [attempt.provider for attempt in result.history.attempts(0)] == ["openai", "deepseek"]


def test_who_does_nothing_has_not_passed(bug):
    """A handler that gives up at once does not show the finding, and nothing else of the bug either."""
    Path("lazy.py").write_text(
        "class Lazy:\n    def complete(self, request):\n        raise OSError('closed')\n"
    )
    history = replay(bug, KINDS).history
    recorded = dataclasses.replace(bug, code="called_after_success", history=history)
    result = replay(recorded, KINDS, handler="lazy.py:Lazy")
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the handler did nothing of what the bug is about, so that nothing could show"
    assert replay(recorded, KINDS, handler="handler.py:Router").outcome is Outcome.PASSES


def test_another_finding_is_not_the_recorded_one(bug):
    result = replay(dataclasses.replace(bug, code="called_after_success"), KINDS)
    assert (result.outcome, result.finding) == (Outcome.PASSES, None)
    assert [finding.code for finding in result.findings] == ["chain_stopped"]


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("broken.py:Streams", "the handler does not offer complete"),
        ("broken.py:Kills", "the handler ended its process (exited with status 7)"),
        ("broken.py:Loops", "real-time limit of 0.5 s hit, at broken.py:"),
        ("broken.py:ReturnsNothing", "the handler returned builtins.NoneType, which is no Reply and no text"),
    ],
)
def test_unknown(bug, handler, reason):
    acts = tuple(Script(0, provider, then=Act("no_answer")) for provider in ("openai", "deepseek"))
    silent = dataclasses.replace(bug, scenario=Scenario((Call("complete"),), acts))
    result = replay(silent, KINDS, handler=handler, limit_s=0.5)
    assert (result.outcome, result.findings) == (Outcome.UNKNOWN, ())
    assert result.reason.startswith(reason)


def test_a_handler_that_cannot_be_loaded(bug):
    with pytest.raises(HandlerError):
        replay(bug, KINDS, handler="raises.py")


def test_a_promise_that_cannot_be_read(bug):
    broken = dataclasses.replace(bug, promise={**bug.promise, "policy": {"chain": 3}})
    with pytest.raises(LedgerError, match=f"{bug.id}: the recorded promise cannot be read: "):
        replay(broken, KINDS)
    with pytest.raises(LedgerError, match="'gone' is no kind that this llminv knows"):
        replay(dataclasses.replace(bug, promise={"invariant": {"kind": "gone"}}), KINDS)


def test_in_this_process_it_is_the_same(bug):
    result, raised = replay_here(bug, KINDS)
    assert result == replay(bug, KINDS)
    outcome = result.history.outcome(0)
    assert isinstance(outcome, Raised)
    assert (type(raised).__name__, str(raised)) == (outcome.error.type, outcome.error.message)


def test_in_this_process_without_an_error(bug):
    result, raised = replay_here(bug, KINDS, handler="handler.py:Router")
    assert (result.outcome, raised) == (Outcome.PASSES, None)
