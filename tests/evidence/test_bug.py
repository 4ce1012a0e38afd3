import dataclasses
import importlib
import pkgutil
import typing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llminv import kinds
from llminv.audit.events import HandlerInfo
from llminv.declaration import models
from llminv.declaration.promise import Promise
from llminv.evidence.bug import (
    FORMAT,
    OWNED_BY_PEOPLE,
    Bug,
    BugKey,
    accepted_because,
    bug_id,
    from_counterexample,
)
from llminv.evidence.version import Version
from llminv.history import Measurements

KEY = BugKey("app.py:Handler", "provider-fallback-chain", "stopped-early", "openai", "rate_limit")


def test_a_counterexample_becomes_a_bug(bug, promise, counterexample):
    assert bug.key == KEY
    assert bug.id == bug_id(KEY) == "provider-fallback-chain-stopped-early-openai-rate-limit-66ccf5"
    assert (bug.format, bug.kind, bug.title) == (FORMAT, "fallback_order", "Provider Fallback Chain")
    assert (bug.expected, bug.observed) == ("openai is asked, then anthropic", "openai is asked")
    assert (bug.seed, bug.found_on, bug.found_in, bug.transport) == (7, "2026-01-31", "", "in-process")
    assert bug.scenario == counterexample.scenario
    assert bug.history == counterexample.history
    kept = bug.history
    assert (kept.printed, kept.logged, kept.measurements) == ("", (), Measurements()), "same run, same file"
    assert type(promise).model_validate(bug.promise) == promise
    assert [getattr(bug, name) for name in OWNED_BY_PEOPLE] == ["", "", "", ""]


def test_what_did_not_fail_again_is_not_a_bug(promise, counterexample):
    once = dataclasses.replace(counterexample, replayed=False)
    with pytest.raises(ValueError, match="did not fail on replay"):
        from_counterexample(
            promise,
            once,
            HandlerInfo("app.py", ()),
            version=Version(),
            transport="in-process",
            seed=1,
            today=date(2026, 1, 31),
            folder=Path.cwd(),
        )


def test_a_bug_survives_json(bug):
    assert Bug.from_json(bug.to_json()) == bug


def test_what_is_accepted(promise, bug):
    accepted = models.Accepted(bug=bug.id, reason="in June")
    lenient = promise.model_copy(
        update={"invariant": promise.invariant.model_copy(update={"accepted": (accepted,)})}
    )
    assert accepted_because(promise, bug.id, None) == accepted_because(promise, bug.id, bug) == ""
    assert accepted_because(promise, bug.id, dataclasses.replace(bug, accepted="in May")) == "in May"
    assert accepted_because(lenient, bug.id, None) == "in June"
    assert accepted_because(lenient, "other", None) == ""


@pytest.mark.parametrize("field", BugKey._fields)
def test_every_part_of_the_key_tells_bugs_apart(field):
    assert bug_id(KEY._replace(**{field: "other"})) != bug_id(KEY)


def test_what_spells_the_same_is_still_told_apart():
    assert bug_id(KEY._replace(code="stopped_early")) != bug_id(KEY)
    assert bug_id(KEY._replace(provider=None)) != bug_id(KEY._replace(fault_class=None))


@given(st.builds(BugKey, st.text(), st.text(), st.text(), st.none() | st.text(), st.none() | st.text()))
def test_an_id_is_a_safe_file_name(key):
    assert set(bug_id(key)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 6 <= len(bug_id(key)) < 200
    assert not bug_id(key).startswith("-")


def everything_declared():
    """Every pydantic model that can stand in a promise: the common ones and those of all kinds."""
    for module in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"{kinds.__name__}.{module.name}")
    todo = [Promise, models.Fields]
    for model in todo:  # it grows on the way
        yield model
        todo += model.__subclasses__()


def test_leaving_none_out_of_a_promise_loses_nothing():
    """A bug's promise is written without nulls: what may be None has to be None by default."""
    seen = set()
    for model in everything_declared():
        for name, field in model.model_fields.items():
            if type(None) in typing.get_args(field.annotation):
                seen.add(name)
                assert field.default is None, f"{model.__name__}.{name}"
    assert {"cooldown", "chain"} <= seen
