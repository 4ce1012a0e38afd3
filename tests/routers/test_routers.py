"""Third-party routers, unmodified, each in the environment that it can be installed in.

They play the scenarios that an audit draws, and are judged as an audit judges. What is asserted is that
llminv copes with them: whether they keep promises which they never made is not asked here.
"""

import ast
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from environments import CURRENT, REPOSITORY, python_of

from llminv.audit.judge import difference, judged
from llminv.audit.search import reproducible, search
from llminv.audit.worker import Worker
from llminv.declaration.load import load
from llminv.handler.adapters import ADAPTERS
from llminv.history import (
    CallStarted,
    ContractBroken,
    FaultReached,
    History,
    HostRefused,
    Raised,
    RealRefused,
    Replied,
    Stopped,
)
from llminv.kinds import KINDS
from llminv.scenario import Call, Scenario
from llminv.simulation.dialects import DIALECTS

FOLDER = Path(__file__).parent
HANDLERS = FOLDER / "handlers"
ADAPTER_LINES_MAX = 40
SCENARIOS = 200
SOME = 120
FEW = 40
# Of what is drawn some means the same; that is played once.
DRAWS = 220
LIMIT_S = 60.0


@dataclass(frozen=True)
class Router:
    """A handler, by its spec or as a ready adapter, and the environment it needs."""

    spec: str
    environment: str

    @property
    def isolation(self):
        """How its scenarios have to be kept apart.

        litellm keeps state for the life of the process that its pauses depend on (1.106.2): without forks
        one scenario shows in the times of the next.
        """
        return ADAPTERS[self.spec].isolation if self.spec in ADAPTERS else "none"


ROUTERS = (
    Router("sdks.py:Handler", CURRENT),
    Router("litellm", "litellm"),
    Router("litellm-router", "litellm"),
    Router("langchain", "litellm"),
    Router("pydantic-ai", "pydantic-ai"),
)
ENVIRONMENTS = tuple(dict.fromkeys(router.environment for router in ROUTERS))


@pytest.fixture(scope="module")
def promises():
    models = {name: kind.model for name, kind in KINDS.items()}
    declared = load([REPOSITORY / "invariants"], models, tuple(DIALECTS)).promises
    kinds = ("fallback_order", "exhaustion", "key_isolation")
    return {promise.invariant.kind: promise for promise in declared if promise.invariant.kind in kinds}


def worker_of(router, promises):
    setting = promises["fallback_order"].setting()
    return Worker(
        setting, router.spec, LIMIT_S, HANDLERS, router.isolation, python=python_of(router.environment)
    )


def played(worker, promise, number):
    """Return what an audit would draw for `promise`, each with its history."""
    pairs = {}

    def play(scenario):
        if len(pairs) < number and scenario.text not in pairs:
            pairs[scenario.text] = (scenario, worker.play(scenario))
        return ()

    kind = KINDS[promise.invariant.kind]
    operations = kind.playable(promise, worker.offers)
    with reproducible():
        search(kind.strategy(promise, operations), play, seed_=1, max_examples=DRAWS, known=())
    return list(pairs.values())


# The ordinary run plays fewer than the deep one, least of all where each scenario takes a fork.
TURNS = [
    *((router, FEW if router.isolation == "fork" else SOME) for router in ROUTERS),
    *(pytest.param(router, SCENARIOS, marks=pytest.mark.deep) for router in ROUTERS),
]


@pytest.mark.parametrize(("router", "number"), TURNS, ids=lambda one: getattr(one, "spec", one))
def test_router(router, number, promises):
    chain = set(promises["fallback_order"].policy.chain)
    with worker_of(router, promises) as worker:
        assert worker.offers[:2] == ("complete", "acomplete")
        assert worker.unseen == ()
        offered = set(KINDS["fallback_order"].playable(promises["fallback_order"], worker.offers))
        pairs = played(worker, promises["fallback_order"], number)
        for scenario, history in reversed(pairs[::20]):
            assert difference(history, worker.play(scenario)) == ""
    with worker_of(router, promises) as fresh:
        for scenario, history in reversed(pairs[::40]):
            assert difference(history, fresh.play(scenario)) == ""

    def events(*types):
        return [event for _, history in pairs for event in history.of(*types)]

    assert len(pairs) == number
    assert events(RealRefused, HostRefused, ContractBroken, Stopped) == []
    assert {event.provider for event in events(FaultReached)} == chain
    assert {event.operation for event in events(CallStarted)} == offered
    assert {type(history.outcome(0)) for _, history in pairs} == {Replied, Raised}
    for scenario, history in pairs:
        assert History.from_json(json.loads(json.dumps(history.to_json()))) == history
        for name, promise in promises.items():
            judged(KINDS[name], promise, scenario, history)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_guard_is_armed(environment, promises):
    with worker_of(Router("escapes.py:Handler", environment), promises) as worker:
        history = worker.play(Scenario((Call("complete"),)))
    assert [(event.library, event.what) for event in history.of(RealRefused)] == [
        ("the handler", "a real connection to ('127.0.0.1', 9)")
    ]
    assert history.outcome(0).error.type == "RealWorldRefusedError"


@pytest.mark.parametrize(
    ("environment", "seen"), [("litellm", "llminv litellm"), ("pydantic-ai", "llminv pydantic_ai")]
)
def test_an_environment_has_nothing_of_llminv_but_its_package(environment, seen, promises):
    with worker_of(Router("sees.py:Handler", environment), promises) as worker:
        history = worker.play(Scenario((Call("complete"),)))
    assert history.outcome(0).reply.text == seen


def test_a_handler_of_a_user_needs_a_few_lines_and_the_contract():
    source = (HANDLERS / "sdks.py").read_text()
    imported = [node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if name.startswith("llminv")] == ["llminv.contract"]
    assert len(source.splitlines()) <= ADAPTER_LINES_MAX


def test_every_file_of_requirements_is_an_environment_of_these():
    files = {file.stem.removeprefix("requirements-") for file in FOLDER.glob("requirements-*.txt")}
    assert files == set(ENVIRONMENTS) - {CURRENT}
