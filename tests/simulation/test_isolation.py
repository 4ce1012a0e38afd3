"""What lives as long as a process: connections do not outlive their world, a handler's own state does.

`isolation: fork` is for the latter. Without it, the audit says that the handler is not deterministic.
"""

from pathlib import Path

import pytest

from llminv.audit.engine import STATE_ADVICE, Options, run
from llminv.audit.worker import Worker
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.verdict import Status

FOLDER = Path(__file__).parent / "handlers"
INVARIANTS = Path(__file__).parents[2] / "invariants"
FAULTS = (None, "http_500", "no_answer", "connection_refused", "connection_reset", "body_reset", "stall")
ISOLATIONS = ("none", "fork")


def scenario(operation, fault, provider="openai"):
    return Scenario((Call(operation),), (Script(0, provider, then=Act(fault)),))


@pytest.fixture
def played(setting):
    """Return what plays scenarios, in order, in one worker."""

    def played(spec, scenarios, isolation="none"):
        with Worker(setting, spec, 60.0, FOLDER, isolation) as worker:
            return [worker.play(plan) for plan in scenarios]

    return played


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("operation", ["complete", "acomplete"])
def test_clients_at_module_level(operation, isolation, played):
    scenarios = [scenario(operation, fault) for fault in FAULTS]
    forwards = played("module_level.py:Clients", scenarios, isolation)
    backwards = played("module_level.py:Clients", [*reversed(scenarios), *scenarios], isolation)
    assert backwards == [*reversed(forwards), *forwards]


def test_a_pool_is_told_that_its_connections_are_lost(played):
    asked = scenario("acomplete", None)
    histories = played("module_level.py:Pool", [asked, asked])
    assert [history.outcome(0).reply.text for history in histories] == ["new 200", "new 200"]
    twice = Scenario((Call("acomplete"), Call("acomplete")))
    (history,) = played("module_level.py:Pool", [twice])
    assert [history.outcome(call).reply.text for call in (0, 1)] == ["new 200", "kept 200"]


@pytest.mark.parametrize(("handler", "text"), [("ByLoop", "done"), ("ByQueue", "2")])
def test_threads_made_at_import_serve_all_scenarios_of_one_process(handler, text, played):
    histories = played(f"threads_at_import.py:{handler}", [scenario("complete", None)] * 2)
    assert [history.outcome(0).reply.text for history in histories] == [text] * 2


def in_forks(played, handler):
    """Return the outcome of a call in the first fork, which is that in every other one."""
    first, second = played(f"threads_at_import.py:{handler}", [scenario("complete", None)] * 2, "fork")
    assert first == second
    return first.outcome(0)


def test_a_fork_without_the_thread_it_waits_for_waits_in_vain(played):
    outcome = in_forks(played, "ByLoop")
    assert (outcome.error.type, outcome.at_s) == ("TimeoutError", 400.0)
    outcome = in_forks(played, "ByQueue")
    assert (outcome.reason, outcome.detail) == (
        "hang",
        "waiting for a lock; threads do not come along into a fork: llm-loop, answering",
    )


def test_a_fork_that_needs_no_thread_made_at_import_gets_on(played):
    assert in_forks(played, "ByNobody").reply.text == "had it"


def breaker(played, isolation):
    """Play one scenario until the breaker would open, and return who was asked each time."""
    broken = scenario("acomplete", "http_500")
    histories = played("breaker.py:Handler", [broken] * 3, isolation)
    return [[attempt.provider for attempt in history.attempts(0)] for history in histories]


def test_a_breaker_at_module_level_leaks(played):
    whole = ["openai", "openai", "openai", "anthropic"]
    assert breaker(played, "none") == [whole, whole, ["anthropic"]]


def test_a_breaker_at_module_level_starts_anew_in_each_fork(played):
    whole = ["openai", "openai", "openai", "anthropic"]
    assert breaker(played, "fork") == [whole, whole, whole]


def audited(isolation):
    """Return the verdict of an audit of the breaker with the one fault that opens it."""
    models = {name: kind.model for name, kind in KINDS.items()}
    declared = load([INVARIANTS], models, tuple(DIALECTS)).promises
    promise = next(promise for promise in declared if promise.invariant.kind == "fallback_order")
    narrowed = promise.model_copy(
        update={"invariant": promise.invariant.model_copy(update={"failures": ("http_500",)})}
    )
    options = Options(seed=1, max_examples=10, folder=FOLDER, isolation=isolation, scenario_limit_s=60.0)
    (result,) = run([narrowed], "breaker.py:Handler", KINDS, options).results
    return result.verdict


def test_an_audit_of_the_breaker_is_not_deterministic():
    verdict = audited("none")
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason == (
        "not deterministic: out_of_order, chain_stopped did not show again in a fresh process; "
        "not deterministic: event 1 (request_received): provider 'openai', then 'gemini'; " + STATE_ADVICE
    )


def test_an_audit_of_the_breaker_in_forks_holds():
    verdict = audited("fork")
    assert (verdict.status, verdict.reason) == (Status.HELD, "")
