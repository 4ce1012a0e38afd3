"""Every saboteur is caught by every finding code that it aims at, on a handler that holds by itself."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from local import LocalWorker

from llminv.audit.engine import Options
from llminv.audit.proof import Result
from llminv.audit.prove import prove
from llminv.cli.project import PACKAGED
from llminv.declaration.load import load
from llminv.declaration.models import Cooldown, Retries, Stream
from llminv.kinds import KINDS
from llminv.saboteurs import SABOTEURS
from llminv.saboteurs.interface import Boundary
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).parents[2]
RAW, BYOK = (f"{ROOT}/examples/{name}/handler.py:Handler" for name in ("raw", "byok"))
OWN = f"{Path(__file__).with_name('handlers.py')}:"
FEW = ("http_429", "http_500", "key_rejected")


class Case(NamedTuple):
    """A handler, the operations that are played, and what is promised otherwise than in the repository.

    `beside` are the saboteurs that are not caught here, with what becomes of them.
    """

    spec: str
    operations: tuple[str, ...]
    policy: Mapping[str, object] = MappingProxyType({})
    fields: Mapping[str, object] = MappingProxyType({})
    beside: Mapping[str, Result] = MappingProxyType({})


SKIPPED = Result.NOT_APPLICABLE
STREAM, COMPLETE = ("stream",), ("complete",)
ALL_MOOT = {"error_as_text": SKIPPED, "another_error": SKIPPED}
CASES = {
    "fallback_order": [
        Case(RAW, COMPLETE, {"chain": ("openai", "anthropic", "deepseek")}, {"failures": FEW}),
    ],
    "fallback_trigger": [
        Case(RAW, COMPLETE, {}, {"chain": ("openai",), "failures": (*FEW, "http_400", "keepalive_dropped")})
    ],
    "exhaustion": [Case(RAW, COMPLETE, {}, {"failures": FEW})],
    "request_fidelity": [Case(RAW, COMPLETE)],
    "attribution": [Case(RAW, COMPLETE, {}, {"failures": FEW})],
    "key_isolation": [
        Case(RAW, COMPLETE, {}, {"failures": FEW}, {"drops_keys": SKIPPED, "keeps_keys": SKIPPED}),
        Case(RAW, COMPLETE, {}, {"failures": FEW, "keys": "call"}),
    ],
    "retry_budget": [Case(RAW, COMPLETE, {}, {"failures": FEW, "chain": ("openai",)})],
    "deadline": [Case(RAW, COMPLETE)],
    "cooldown": [
        Case(RAW, COMPLETE, {}, {"failures": FEW}, {"fast_clock": SKIPPED, **ALL_MOOT}),
        Case(
            OWN + "Cools",
            COMPLETE,
            {"cooldown": Cooldown(after_failures=3, seconds=60, faults=("rate_limit",))},
            {"failures": ("http_429",)},
            ALL_MOOT,
        ),
        Case(
            OWN + "RaisesWhenAllRest",
            COMPLETE,
            {
                "cooldown": Cooldown(
                    after_failures=1, seconds=60, faults=("rate_limit",), all_in_cooldown="raise"
                )
            },
            {"failures": ("http_429",)},
        ),
    ],
    "concurrency_isolation": [
        Case(RAW, STREAM, {}, {"failures": FEW[:1]}, {"names_the_others_provider": SKIPPED}),
        Case(RAW, COMPLETE, {}, {"failures": FEW[:1]}, {"loses_the_last_text": SKIPPED}),
    ],
    "parity": [Case(RAW, ("complete", "stream"), {}, {"failures": FEW[:1]})],
    "stream_completion": [
        Case(
            RAW, STREAM, {}, {"chain": ("openai",), "failures": ("body_reset",)}, {"only_the_first": SKIPPED}
        ),
        Case(
            OWN + "Resumes",
            STREAM,
            {"stream": Stream(broken_after_content="resume"), "chain": ("openai", "anthropic")},
            {"chain": ("openai",), "failures": ("body_reset",)},
            {"joins_two_answers": SKIPPED, "swallows_the_break": SKIPPED},
        ),
    ],
    "stream_framing": [Case(RAW, STREAM, {}, {"chain": ("openai",)})],
    "stream_finish": [Case(RAW, STREAM, {}, {"chain": ("openai",)})],
    "tool_calls": [
        Case(RAW, STREAM, {}, {"chain": ("openai",)}),
        Case(RAW, COMPLETE, {}, {"chain": ("openai",)}),
    ],
    "incremental": [Case(RAW, STREAM, {}, {"chain": ("openai",)})],
    "cancellation": [
        Case(RAW, STREAM, {}, {"chain": ("openai",)}),
        Case(BYOK, ("astream",), {}, {"chain": ("openai",)}),
    ],
    "token_accuracy": [Case(BYOK, ("count_tokens",))],
    "token_totality": [Case(BYOK, ("count_tokens",), {}, {"repeats": 0})],
    "cost_formula": [Case(BYOK, ("cost",))],
    "cost_additivity": [Case(BYOK, ("cost",))],
    "cost_provenance": [
        Case(
            BYOK,
            ("acomplete", "astream"),
            {},
            {"failures": FEW[:1], "ways": ("acomplete", "astream")},
            {"leaves_failures_out": SKIPPED},
        ),
        Case(
            OWN + "Bills",
            COMPLETE,
            {"retries": Retries()},
            {"failures": ("no_choices",), "ways": COMPLETE, "chain": ("openai",)},
            {"loses_cost_in_one_way": SKIPPED},
        ),
    ],
}
# What no saboteur plants, and why.
WITHOUT = {
    ("token_totality", "too_slow"): "it is measured in real processor time, which every proof would cost",
}


@cache
def shipped():
    models = {name: kind.model for name, kind in KINDS.items()}
    files = [ROOT / "invariants" / name for name in (*PACKAGED, "own.yaml")]
    promises = load(files, models, tuple(DIALECTS)).promises
    return {promise.invariant.kind: promise for promise in reversed(promises)}


def promise_of(kind, case):
    promise = shipped()[kind]
    return promise.model_copy(
        update={
            "invariant": promise.invariant.model_copy(update=case.fields),
            "policy": promise.policy.model_copy(update=case.policy),
        }
    )


def aims():
    """Every saboteur with each finding code at which it aims."""
    return {
        (name, code, saboteur)
        for name, kind in KINDS.items()
        for saboteur, row in SABOTEURS.items()
        for code in row.aims_at(name, kind.codes)
    }


def test_every_finding_code_has_its_saboteur():
    codes = {(name, code) for name, kind in KINDS.items() for code in kind.codes}
    assert codes - {(name, code) for name, code, _ in aims()} == WITHOUT.keys()


@pytest.mark.parametrize("row", SABOTEURS.values(), ids=lambda row: row.name)
def test_a_row_is_whole(row):
    assert SABOTEURS[row.name] is row
    assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", row.reference)
    assert row.does == row.does.strip(".") and row.idle
    assert row.aims
    assert not row.forges or row.boundary is Boundary.NETWORK


def test_every_aim_is_a_finding_code():
    hit = {saboteur: {code for _, code, aimed in aims() if aimed == saboteur} for saboteur in SABOTEURS}
    for name, row in SABOTEURS.items():
        assert {aim.rpartition(".")[2] for aim in row.aims} == hit[name]
        assert all(aim.rpartition(".")[0] in ("", *KINDS) for aim in row.aims)


def test_every_aim_is_seen_in_a_case():
    assert CASES.keys() == KINDS.keys() - {"custom"}
    unseen = [aim for aim in aims() if all(aim[2] in case.beside for case in CASES[aim[0]])]
    assert unseen == []


@pytest.mark.filterwarnings("ignore")  # what a planted bug leaves open
@pytest.mark.parametrize(
    ("kind", "number"), [(kind, n) for kind, cases in CASES.items() for n in range(len(cases))]
)
def test_every_saboteur_is_caught(kind, number, monkeypatch):
    monkeypatch.setattr("llminv.audit.prove.Worker", LocalWorker)
    case = CASES[kind][number]
    narrowed = {kind: replace(KINDS[kind], operations=case.operations, narrowed=None)}
    found = prove([promise_of(kind, case)], case.spec, narrowed, Options(seed=0, max_examples=1))
    ((_, proofs),) = found.items()
    assert {(proof.saboteur, proof.code) for proof in proofs} == {
        (saboteur, code) for name, code, saboteur in aims() if name == kind
    }
    others = {proof.saboteur: proof.result for proof in proofs if proof.result != Result.CAUGHT}
    assert others == case.beside, [proof for proof in proofs if proof.saboteur in others]
    assert all(proof.scenarios > 0 for proof in proofs if proof.result == Result.CAUGHT)
    assert all(proof.reason for proof in proofs if proof.result != Result.CAUGHT)
