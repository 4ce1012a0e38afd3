"""Hypothesis as a library: each row of the recipe of what a search can come to."""

import sys
import types
import warnings

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from llminv.audit.search import Flaky, Found, NothingToDraw, reproducible, search
from llminv.scenario import Act, Call, Scenario, Script

FAULTS = ("http_429", "http_500", "no_answer")
NUMBERS = st.builds(lambda text: Scenario((Call(text),)), st.integers(0, 10**9).map(str))
LISTS = st.builds(
    lambda names: Scenario(
        (Call("complete"),), tuple(Script(0, str(i), then=Act(name)) for i, name in enumerate(names))
    ),
    st.lists(st.sampled_from(FAULTS), max_size=5),
)


def find(strategy, judge, *, seed=1, max_examples=100, known=()):
    with reproducible():
        return search(strategy, judge, seed_=seed, max_examples=max_examples, known=known)


def value(scenario):
    return int(scenario.calls[0].operation)


def faults(scenario):
    return [row.then.fault for row in scenario.acts]


def test_nothing_found():
    found = find(NUMBERS, lambda _: [])
    assert (found.found, len(found.drawn), found.drawn_all) == (None, 100, False)


def test_nothing_found_in_a_space_that_ends():
    small = st.builds(lambda name: Scenario((Call(name),)), st.sampled_from("abc"))
    found = find(small, lambda _: [])
    assert (found.found, found.drawn_all) == (None, True)
    assert {scenario.calls[0].operation for scenario in found.drawn} == set("abc")


@pytest.mark.parametrize("seed", range(5))
def test_a_finding_is_shrunk(seed):
    found = find(NUMBERS, lambda scenario: ["big"] if value(scenario) >= 1234 else [], seed=seed)
    assert found.found == Found("big", Scenario((Call("1234"),)))
    assert all(value(scenario) < 1234 for scenario in found.drawn[:-1]), "shrinking is not drawing"
    assert value(found.drawn[-1]) >= 1234


def test_the_code_is_pinned_while_shrinking():
    """Every smaller scenario shows another finding, to which shrinking must not slip."""

    def judge(scenario):
        found = faults(scenario)
        return ["both"] if {"no_answer", "http_500"} <= set(found) else ["one"] if "http_429" in found else []

    assert find(LISTS, judge, known={"one"}).found.code == "both"
    assert sorted(faults(find(LISTS, judge, known={"one"}).found.scenario)) == ["http_500", "no_answer"]


@pytest.mark.parametrize("seed", range(5))
def test_round_after_round_finds_all(seed):
    known = []

    def judge(scenario):
        return [f"{fault} twice" for fault in FAULTS if faults(scenario).count(fault) >= 2]

    while (found := find(LISTS, judge, seed=seed, known=known).found) is not None:
        known.append(found.code)
        assert len(found.scenario.acts) == 2
    assert sorted(known) == sorted(f"{fault} twice" for fault in FAULTS)


class Broken(Exception):
    pass


def test_trouble_of_the_judge_comes_out_and_is_not_shrunk():
    played = []

    def judge(scenario):
        played.append(scenario)
        if value(scenario) > 1000:
            raise Broken
        return []

    with pytest.raises(Broken):
        find(NUMBERS, judge)
    assert [value(scenario) > 1000 for scenario in played] == [False] * (len(played) - 1) + [True]


def test_trouble_while_shrinking_leaves_the_finding():
    def judge(scenario):
        if 0 < value(scenario) < 1000:
            raise Broken
        return ["big"] if value(scenario) else []

    found = find(NUMBERS, judge).found
    assert found.code == "big"
    assert value(found.scenario) >= 1000


def test_a_judge_that_changes_its_mind_is_flaky():
    judged = set()

    def judge(scenario):
        first = not judged
        judged.add(scenario.text)
        return ["once"] if first else []

    with pytest.raises(Flaky, match=r"^not deterministic: a scenario that failed did not fail again$"):
        find(NUMBERS, judge)


def test_nothing_to_draw():
    for strategy in (st.nothing(), NUMBERS.filter(lambda _: False)):
        with pytest.raises(NothingToDraw, match=r"^nothing to draw: "):
            find(strategy, lambda _: [])


def test_a_strategy_that_crashes_is_no_finding():
    def crash(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        find(NUMBERS.map(crash), lambda _: [])


def test_an_interrupt_comes_out_at_once():
    played = []

    def judge(scenario):
        played.append(scenario)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find(NUMBERS, judge)
    assert len(played) == 1


def draws(seed):
    return [value(scenario) for scenario in find(NUMBERS, lambda _: [], seed=seed).drawn]


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    assert draws(7) == draws(7)
    assert draws(7) != draws(8)


def test_modules_that_are_imported_do_not_steer_the_draws(tmp_path, monkeypatch):
    """Guards the private switch: without it Hypothesis mixes constants of local modules into the draws."""
    before = draws(7)
    constants = [123_456_789 + 1_000 * number for number in range(400)]
    (tmp_path / "local_module.py").write_text(f"CONSTANTS = {constants}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import local_module

    assert isinstance(local_module, types.ModuleType)
    assert draws(7) == before
    monkeypatch.delitem(sys.modules, "local_module")


def test_the_private_switch_is_still_there_and_put_back():
    before = providers.is_local_module_file
    with reproducible():
        assert providers.is_local_module_file is not before
        assert providers.is_local_module_file("anything.py") is False
    assert providers.is_local_module_file is before


def test_nothing_is_written_into_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = st.builds(lambda text: Scenario((Call(text),)), st.text())
    find(texts, lambda _: [])
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_warned_of_a_finding_that_is_long_to_write_down():
    long = Scenario((Call("complete"),), (Script(0, "x" * 40_000),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find(st.just(long), lambda _: ["found"]).found == Found("found", long)


def test_settings_of_a_profile_are_not_inherited():
    settings.register_profile("llminv-other", max_examples=3, derandomize=True)
    before = settings.get_current_profile_name()
    settings.load_profile("llminv-other")
    try:
        assert len(find(NUMBERS, lambda _: []).drawn) == 100
        assert draws(7) != draws(8)
    finally:
        settings.load_profile(before)
