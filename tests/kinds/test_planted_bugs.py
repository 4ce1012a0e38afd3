"""Every finding code of the kinds below, shown by a router with that bug; a router without bugs shows none.

The cells are played, and the first scenario that shows the code is reduced: the minimum is pinned.
"""

import importlib
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from routes import CHAIN, down, promise_of

from llminv.audit.reduce import Space, reduce
from llminv.kinds import KINDS
from llminv.runner import Runner
from llminv.scenario import EVERY_CALL, Act, Call, Scenario, Script

# A handler that the world stops leaves its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ALL = [f"{name}:http_429" for name in CHAIN]
SPEC = str(Path(__file__).with_name("routers.py"))
# What bare HTTP with a limit on each read can be asked to stand.
FAULTS = (
    *("http_429", "http_500", "no_answer", "connect_timeout", "http_503", "connection_refused"),
    *("connection_reset", "name_not_found", "key_rejected", "error_inside", "body_closed", "body_reset"),
)
SHORT = {"chain": ("openai", "anthropic", "deepseek")}

# Begun as a stream, which the caller did not ask for, and broken off by an error.
HALF = Scenario((Call("complete"),), (Script(0, "openai", then=Act("error_inside", after=1)),))


def streamed(*rows):
    return replace(down(*rows), calls=(Call("stream"),))


# kind, code -> router -> the minimal scenario
PLANTED = {
    ("fallback_order", "out_of_order"): {"Backwards": down(), "StreamsBackwards": streamed()},
    ("fallback_order", "outside_chain"): {"PrefersAStranger": down("openai:http_429")},
    ("fallback_order", "chain_stopped"): {"OnlyTwo": down(*ALL[:2])},
    ("fallback_order", "called_after_success"): {"AlsoAsksTheNext": down()},
    ("fallback_order", "answer_lost"): {"LosesTheAnswer": down()},
    ("fallback_order", "not_the_answer"): {"MakesUpAnswers": down(), "KeepsWhatWasBegun": HALF},
    ("fallback_order", "hang"): {"NoTimeout": down("openai:no_answer")},
    ("fallback_order", "never_ends"): {"TriesForEver": down("openai:http_429")},
    ("exhaustion", "failure_as_content"): {"Apologises": down(*ALL), "StreamsAnApology": streamed(*ALL)},
    ("exhaustion", "wrong_error"): {"RaisesAnything": down(*ALL)},
    ("exhaustion", "provider_not_named"): {"NamesNobody": down(*ALL)},
    ("exhaustion", "attempts_of_another_call"): {
        "KeepsItsFailures": Scenario(
            (Call("complete"),) * 2, tuple(replace(row, call=EVERY_CALL) for row in down(*ALL).acts)
        )
    },
    ("exhaustion", "hang"): {"NoTimeout": down("openai:no_answer")},
    ("exhaustion", "never_ends"): {"NeverTiresOfIt": down(*ALL), "TriesForEver": down("openai:http_429")},
    ("key_isolation", "key_leaked"): {
        "LeaksInHeader": down("openai:http_429"),
        "LeaksInStreams": streamed("openai:http_429"),
        "LeaksInUrl": down(),
        "LeaksInBody": down(),
        "LeaksInBase64": down(),
        "SharesItsHeaders": Scenario(
            (Call("complete"), Call("complete", joins=True)), (Script(0, "openai", then=Act("http_429")),)
        ),
    },
}
# What the kinds of other files look at, these routers do not have.
OURS = tuple(dict.fromkeys(kind for kind, _ in PLANTED))


def promise_for(kind, code):
    """The shipped promise; to call somebody outside the chain, one has to be declared who is not in it."""
    failures = FAULTS[:1] if code == "never_ends" else FAULTS  # a flood is a thousand requests
    return promise_of(kind, policy=SHORT if code == "outside_chain" else None, failures=failures)


def audit(router, promise):
    """Play the cells against a router; return the minimal scenario of each code, and the labels."""
    kind = KINDS[promise.invariant.kind]
    minimal, labels = {}, set()
    with warnings.catch_warnings(record=True), Runner(promise.setting(), f"{SPEC}:{router}") as runner:
        operations = runner.offers
        space = Space(promise.policy.chain, kind.faults(promise), operations)

        def codes(scenario):
            history = runner.play(scenario)
            labels.update(kind.exercised(promise, scenario, history))
            return {finding.code for finding in kind.check(promise, scenario, history)}

        for scenario in [*kind.examples(promise, operations), *kind.cells(promise, operations)]:
            for code in codes(scenario) - minimal.keys():
                minimal[code] = reduce(scenario, lambda smaller, code=code: code in codes(smaller), space)
    return minimal, labels


@pytest.mark.parametrize(
    ("kind", "code", "router"), [(*key, router) for key, routers in PLANTED.items() for router in routers]
)
def test_a_planted_bug_is_found_and_reduced(kind, code, router):
    minimal, _ = audit(router, promise_for(kind, code))
    assert minimal == {code: PLANTED[kind, code][router]}


@pytest.mark.parametrize("router", ["Router", "AsyncRouter", "Streamed"])
@pytest.mark.parametrize("kind", OURS)
def test_a_correct_router_shows_nothing_and_exercises_everything(kind, router):
    promise = promise_of(kind, failures=FAULTS)
    minimal, labels = audit(router, promise)
    assert minimal == {}
    assert labels >= KINDS[kind].required(promise)


def test_every_code_is_planted():
    elsewhere = {("key_isolation", "wrong_key")}  # test_own_keys.py
    assert {(kind, code) for kind in OURS for code in KINDS[kind].codes} - elsewhere == PLANTED.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_file_with_its_codes_labels_and_sentence(kind):
    tests = importlib.import_module(f"test_{kind}")
    assert tests.KIND is KINDS[kind]
    assert KINDS[kind].required(promise_of(kind))
    assert not KINDS[kind].describe(promise_of(kind)).endswith(".")
    source = Path(tests.__file__).read_text()
    assert [code for code in KINDS[kind].codes if f'"{code}"' not in source] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_whole(kind):
    row = KINDS[kind]
    assert row.name == kind
    assert row.summary.endswith(".")
    assert row.model.model_fields.keys() > {"id", "title", "kind", "statement", "critical", "max_examples"}
    assert all(sentence.endswith(".") for sentence in row.codes.values())
    assert row.operations
