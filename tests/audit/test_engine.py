"""The engine on real handlers in worker processes: every verdict, with its reason and its counts."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st
from routes import CHAIN, down, promise_of

from llminv.audit.engine import STATE_ADVICE, Options, run
from llminv.audit.events import (
    AuditFinished,
    AuditStarted,
    HandlerInfo,
    InvariantFinished,
    InvariantStarted,
    ScenarioPlayed,
)
from llminv.errors import HandlerError
from llminv.kinds import KINDS
from llminv.scenario import Scenario
from llminv.verdict import Finding, Status, Verdict

HERE = Path(__file__).parent
ROUTERS = str(HERE.parent / "kinds" / "routers.py")
HANDLERS = str(HERE / "handlers.py")
FAULTS = ("http_429", "http_500", "connection_refused")
ALL_DOWN = down(*(f"{name}:http_429" for name in CHAIN))
FALLBACK = promise_of("fallback_order", failures=FAULTS, max_examples=20)
EXHAUSTION = promise_of("exhaustion", failures=FAULTS, max_examples=20)
KEYS = promise_of("key_isolation", failures=FAULTS, max_examples=5)


def audit(spec, *promises, kinds=KINDS, emit=lambda _: None, **options):
    options = Options(**{"seed": 1, **options})
    return run(promises, spec, kinds, options, emit)


def result(spec, promise, **options):
    (found,) = audit(spec, promise, **options).results
    return found


def test_held_with_all_its_counts():
    events = []
    found = audit(f"{ROUTERS}:Router", FALLBACK, emit=events.append).results[0]
    assert found.verdict == Verdict(Status.HELD)
    assert (found.counterexamples, found.missing) == ((), ())
    # an example; no fault; three faults at one, two and three providers; three faults, one to three times
    assert found.cells == 1 + 1 + 9 + 9
    assert 0 < found.drawn <= 20
    # the example is one of the cells
    assert found.cells - 1 < found.plays <= found.cells - 1 + found.drawn
    assert found.labels.keys() >= {
        *(f"{word} fired at openai" for word in ("rate_limit", "server_error", "unavailable")),
        *(f"fell back to {name}" for name in CHAIN[1:]),
    }
    assert all(count > 0 for count in found.labels.values())
    assert not found.drawn_all
    phases = [event.phase for event in events if isinstance(event, ScenarioPlayed)]
    assert phases[:20] == ["example"] + ["cell"] * 19
    assert set(phases[20:]) == {"drawn"}
    assert [type(event) for event in events if not isinstance(event, ScenarioPlayed)] == [
        AuditStarted,
        InvariantStarted,
        InvariantFinished,
        AuditFinished,
    ]
    assert events[1] == InvariantStarted(FALLBACK, 40)


def test_violated_with_the_minimal_scenario_and_its_history():
    found = result(f"{ROUTERS}:Apologises", EXHAUSTION)
    assert found.verdict == Verdict(Status.VIOLATED)
    (bug,) = found.counterexamples
    assert bug.scenario == ALL_DOWN
    assert bug.finding == Finding(
        "failure_as_content",
        "NoProviderAvailable is raised: no provider answered",
        "the reply 'Sorry.'",
        at_s=0.0,
    )
    assert (bug.origin, bug.plays, bug.replayed) == ("cell", 1, True)
    assert bug.history.outcome(0).reply.text == "Sorry."
    assert [(attempt.provider, attempt.fault) for attempt in bug.history.attempts(0)] == [
        (name, "http_429") for name in CHAIN
    ]


def test_drawn_only_leaves_out_examples_and_cells():
    found = result(f"{ROUTERS}:OnlyTwo", FALLBACK, drawn_only=True, max_examples=50)
    (bug,) = found.counterexamples
    assert (bug.origin, bug.scenario) == ("drawn", down("openai:http_429", "anthropic:http_429"))
    assert found.cells == 0
    assert 0 < found.drawn <= 50


def test_several_findings_and_several_invariants():
    audited = audit(f"{HANDLERS}:ApologisesOrFails", FALLBACK, EXHAUSTION)
    fallback, exhaustion = audited.results
    assert audited.handler == HandlerInfo(f"{HANDLERS}:ApologisesOrFails", ("complete",))
    assert audited.of(Status.VIOLATED) == (fallback, exhaustion)
    assert [(bug.finding.code, bug.scenario) for bug in fallback.counterexamples] == [
        ("answer_lost", down("openai:http_429", "anthropic:http_429")),
    ]
    assert [(bug.finding.code, bug.scenario) for bug in exhaustion.counterexamples] == [
        ("failure_as_content", ALL_DOWN),
    ]


def test_not_offered():
    found = result(f"{HANDLERS}:CountsTokensOnly", FALLBACK)
    assert found.verdict == Verdict(
        Status.NOT_OFFERED, "the handler does not offer complete or acomplete or stream or astream"
    )
    assert (found.plays, found.cells, found.drawn, found.missing) == (0, 0, 0, ())


def unknown(spec, promise=FALLBACK, **options):
    found = result(spec, promise, **options)
    assert found.verdict.status is Status.UNKNOWN
    return found.verdict.reason


def with_kind(**changes):
    return {**KINDS, "fallback_order": replace(KINDS["fallback_order"], **changes)}


def test_unknown_the_contract_is_broken():
    assert unknown(f"{HANDLERS}:ReturnsNothing") == (
        "the handler returned builtins.NoneType, which is no Reply and no text"
    )


def test_unknown_the_checker_crashed():
    def check(promise, scenario, history):
        raise ValueError("a checker's own bug")

    reason = unknown(f"{ROUTERS}:Router", kinds=with_kind(check=check))
    assert reason.startswith("the checker crashed: ValueError: a checker's own bug (check, line ")
    reason = unknown(f"{ROUTERS}:Router", kinds=with_kind(exercised=check))
    assert reason.startswith("the checker crashed: ValueError: a checker's own bug (check, line ")


def test_unknown_never_exercised():
    kinds = with_kind(required=lambda _: frozenset({"b", "a", "fell back to gemini"}))
    found = result(f"{ROUTERS}:Router", FALLBACK, kinds=kinds)
    assert found.verdict == Verdict(Status.UNKNOWN, "never exercised: a; b")
    assert found.missing == ("a", "b")


def test_unknown_the_policy_is_silent():
    promise = promise_of(
        "fallback_order",
        policy={"fallback": ("rate_limit",)},
        failures=("http_429", "http_500"),
        max_examples=10,
    )
    assert unknown(f"{ROUTERS}:Router", promise) == "policy silent on http_500"


def test_unknown_the_worker_died():
    reason = unknown(f"{HANDLERS}:Exits")
    assert reason == "the handler ended its process (exited with status 3)"


def test_unknown_the_real_time_limit():
    reason = unknown(f"{HANDLERS}:LoopsForEver", scenario_limit_s=0.5)
    assert reason.startswith("real-time limit of 0.5 s hit, at ")
    assert "handlers.py:" in reason
    assert reason.endswith(" in ask")


def test_a_machine_that_stands_still_once_is_no_matter(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = result(f"{HANDLERS}:StandsStillOnce", FALLBACK, scenario_limit_s=0.5)
    assert (tmp_path / "stood-still").exists()
    assert found.verdict == Verdict(Status.HELD)


def test_what_was_drawn_until_the_limit_is_counted():
    """It loops where openai is down; what comes before that is played, and counted."""
    kinds = with_kind(strategy=lambda *_: st.sampled_from([ALL_DOWN, Scenario(ALL_DOWN.calls)]))
    found = result(
        f"{HANDLERS}:LoopsForEver", FALLBACK, kinds=kinds, drawn_only=True, seed=0, scenario_limit_s=0.5
    )
    assert found.verdict.reason.startswith("real-time limit of 0.5 s hit, at ")
    assert (found.cells, found.drawn) == (0, found.plays)
    assert found.plays > 0


def test_unknown_not_deterministic_with_the_difference():
    reason = unknown(f"{HANDLERS}:CountsItsCalls")
    assert reason.startswith("not deterministic: event 1 (request_received): headers ")
    assert "('content-length', '" in reason
    assert reason.endswith(f"; {STATE_ADVICE}")


def test_who_plays_in_forks_already_is_not_told_to():
    reason = unknown(f"{HANDLERS}:SaysItsProcess", drawn_only=True, isolation="fork")
    assert reason.startswith("not deterministic: ")
    assert STATE_ADVICE not in reason


def test_unknown_not_deterministic_where_everything_was_drawn():
    reason = unknown(f"{HANDLERS}:CountsItsCalls", drawn_only=True)
    assert reason.startswith("not deterministic: event 1 (request_received): ")


def test_unknown_a_finding_that_a_fresh_process_does_not_show():
    found = result(f"{HANDLERS}:GetsTired", FALLBACK)
    assert found.verdict.status is Status.UNKNOWN
    assert found.verdict.reason.startswith(
        "not deterministic: answer_lost did not show again in a fresh process; "
    )
    assert found.verdict.reason.endswith(f"; {STATE_ADVICE}")
    assert [bug.replayed for bug in found.counterexamples] == [False]


def test_unknown_nothing_to_draw():
    kinds = with_kind(strategy=lambda *_: st.nothing())
    assert unknown(f"{ROUTERS}:Router", kinds=kinds).startswith("nothing to draw: ")


def test_a_limit_while_reducing_does_not_lose_the_finding():
    """What is smaller loops for ever: the finding stays as it was, is replayed, and the invariant ends."""
    shown = down("openai:http_500", "anthropic:http_500")
    kinds = with_kind(examples=lambda *_: [shown], cells=lambda *_: [])
    spec = f"{HANDLERS}:StopsAtTwoAndLoopsWhenOnlyOneIsDown"
    found = result(spec, FALLBACK, kinds=kinds, scenario_limit_s=0.5)
    assert found.verdict.status is Status.VIOLATED
    assert found.verdict.reason.startswith("real-time limit of 0.5 s hit, at ")
    (bug,) = found.counterexamples
    assert (bug.finding.code, bug.scenario, bug.replayed) == ("chain_stopped", shown, True)
    assert found.drawn == 0


def test_the_run_goes_on_after_a_worker_is_lost():
    statuses = [
        found.verdict.status for found in audit(f"{HANDLERS}:Exits", FALLBACK, KEYS, EXHAUSTION).results
    ]
    assert statuses == [Status.UNKNOWN] * 3


def test_all_was_drawn_where_the_space_is_small():
    plain = Scenario(ALL_DOWN.calls)
    small = st.sampled_from([plain, down("openai:http_429"), down("openai:http_429"), ALL_DOWN])
    kinds = with_kind(strategy=lambda *_: small, required=lambda _: frozenset())
    found = result(f"{ROUTERS}:Router", FALLBACK, kinds=kinds, drawn_only=True)
    assert (found.drawn, found.drawn_all, found.plays) == (3, True, 3)
    assert found.verdict == Verdict(Status.HELD)


def test_the_declared_number_of_examples_can_be_replaced():
    assert result(f"{ROUTERS}:Router", FALLBACK, max_examples=3, drawn_only=True).drawn <= 3


def test_the_same_seed_is_the_same_audit():
    def played(seed):
        events = []
        found = audit(f"{ROUTERS}:NamesNobody", EXHAUSTION, seed=seed, emit=events.append, drawn_only=True)
        return found.results[0].counterexamples, [
            event for event in events if isinstance(event, ScenarioPlayed)
        ]

    assert played(5) == played(5)


def test_a_handler_that_cannot_be_loaded_ends_the_audit():
    with pytest.raises(HandlerError):
        audit(f"{ROUTERS}:Nobody", FALLBACK)
