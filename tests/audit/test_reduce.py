"""The greedy reduction: each class of candidate, never larger, idempotent, and it keeps the finding."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llminv.audit.reduce import Space, reduce, size
from llminv.contract import Usage
from llminv.scenario import ANSWER, EVERY_CALL, Act, Call, Said, Scenario, Script

CHAIN = ("openai", "anthropic", "deepseek", "gemini")
FAULTS = ("http_429", "http_500", "no_answer")
SPACE = Space(CHAIN, FAULTS, ("complete", "acomplete"))
CALL = Call("complete")
RATE, ERROR, SILENCE = map(Act, FAULTS)


def of(*rows, calls=1):
    return Scenario((CALL,) * calls, rows)


def persistent(provider, act=RATE, call=0):
    return Script(call, provider, then=act)


def fault_at(scenario, provider, call=0):
    row = scenario.script(call, provider)
    return next((act.fault for act in (*row.attempts, row.then) if act.fault), None)


def asked_s(scenario, provider):
    act = scenario.script(0, provider).then
    return float((act.retry_after or act.retry_info or "0").removesuffix("s"))


def billed(tokens):
    return Act(said=Said(usage=Usage(tokens, cached_input_tokens=tokens)))


def all_cached(scenario):
    said = scenario.script(0, "openai").then.said
    return said and said.usage and 0 < (said.usage.input_tokens or 0) == said.usage.cached_input_tokens


ANY = lambda scenario: any(act.fault for row in scenario.acts for act in (*row.attempts, row.then))  # noqa: E731

# What the finding needs; where we start; where we must end.
CASES = {
    "a script that is not needed goes": (
        lambda s: fault_at(s, "openai"),
        of(persistent("openai"), persistent("anthropic"), persistent("gemini", SILENCE)),
        of(persistent("openai")),
    ),
    "an act that is not needed goes, and the rest becomes persistent": (
        lambda s: fault_at(s, "openai"),
        of(Script(0, "openai", (SILENCE, ERROR, RATE), SILENCE)),
        of(persistent("openai")),
    ),
    "acts that have to be followed by an answer stay acts": (
        lambda s: s.script(0, "openai").act(0).fault and s.script(0, "openai").act(1).fault is None,
        of(Script(0, "openai", (SILENCE, ANSWER, ERROR), ERROR)),
        of(Script(0, "openai", (RATE,))),
    ),
    "a script moves to an earlier provider": (
        ANY,
        of(persistent("gemini", SILENCE)),
        of(persistent("openai")),
    ),
    "a fault becomes a simpler one": (
        lambda s: fault_at(s, "deepseek") in ("no_answer", "http_500"),
        of(persistent("deepseek", SILENCE)),
        of(persistent("deepseek", ERROR)),
    ),
    "all faults become one at once": (
        lambda s: fault_at(s, "openai") and fault_at(s, "openai") == fault_at(s, "anthropic"),
        of(persistent("openai", SILENCE), persistent("anthropic", SILENCE)),
        of(persistent("openai"), persistent("anthropic")),
    ),
    "a later script takes an earlier place, and what stood before it goes": (
        lambda s: next((f for f in (fault_at(s, p) for p in CHAIN) if f != "http_429"), None) == "no_answer",
        of(*map(persistent, CHAIN[:3]), persistent("gemini", SILENCE)),
        of(persistent("openai", SILENCE)),
    ),
    "options of an act go": (
        lambda s: s.script(0, "openai").then.retry_after,
        of(persistent("openai", Act("http_500", retry_after="5", delay_s=3.0, cuts=(1, 2)))),
        of(persistent("openai", Act(retry_after="0"))),
    ),
    "seconds become the least that will do": (
        lambda s: s.script(0, "openai").then.delay_s > 20.5 and s.script(0, "openai").then.gap_s > 1,
        of(persistent("openai", Act("http_500", delay_s=57.25, gap_s=30.0))),
        of(persistent("openai", Act(delay_s=21.0, gap_s=2.0))),
    ),
    "advice becomes seconds, and fewer of them": (
        lambda s: asked_s(s, "openai") > 6,
        of(persistent("openai", Act("http_429", retry_info="44.5s"))),
        of(persistent("openai", Act(retry_after="7"))),
    ),
    "advice in milliseconds stays, in whole seconds": (
        lambda s: int(s.script(0, "openai").then.retry_after_ms or 0) > 700,
        of(persistent("openai", Act("http_429", retry_after_ms="4321"))),
        of(persistent("openai", Act(retry_after_ms="1000"))),
    ),
    "silence is simpler than lateness": (
        lambda s: s.script(0, "openai").then.delay_s > 20 or fault_at(s, "openai") == "no_answer",
        of(persistent("openai", Act(delay_s=30.0))),
        of(persistent("openai", SILENCE)),
    ),
    "nonsense becomes nothing": (
        lambda s: s.script(0, "openai").then.retry_after is not None,
        of(persistent("openai", Act("http_429", retry_after="soon"))),
        of(persistent("openai", Act(retry_after="0"))),
    ),
    "all do the same, and do less of it": (
        lambda s: min(a := asked_s(s, "openai"), b := asked_s(s, "anthropic")) > 0 and a + b > 90,
        of(
            persistent("openai", Act("http_429", retry_after="34")),
            persistent("anthropic", Act("http_429", retry_after="60")),
        ),
        of(persistent("openai", Act(retry_after="46")), persistent("anthropic", Act(retry_after="46"))),
    ),
    "what is billed becomes less in a whole and in its part": (
        all_cached,
        of(persistent("openai", billed(9))),
        of(persistent("openai", billed(1))),
    ),
    "one fewer does what another does, and more of it": (
        lambda s: sum(asked_s(s, provider) for provider in CHAIN) + 20 * len(s.acts) >= 200,
        of(
            persistent("openai", Act("http_429", retry_after="30")),
            persistent("anthropic", Act("http_429", retry_after="59")),
            persistent("deepseek", SILENCE),
            persistent("gemini", Act("http_429", retry_after="31")),
        ),
        of(*(persistent(name, Act(retry_after="47")) for name in CHAIN[:3])),
    ),
    "a call starts later, and those before it go": (
        lambda s: (
            s.calls[0].start in CHAIN and all(fault_at(s, p) for p in CHAIN[CHAIN.index(s.calls[0].start) :])
        ),
        Scenario((Call("complete", start="anthropic"),), tuple(map(persistent, CHAIN[1:]))),
        Scenario((Call("complete", start="gemini"),), (persistent("gemini"),)),
    ),
    "calls go, and acts keep to their call": (
        lambda s: any(fault_at(s, "openai", call) for call in range(len(s.calls))),
        of(persistent("openai", call=2), persistent("gemini", call=0), calls=3),
        of(persistent("openai")),
    ),
    "a call becomes the simplest one": (
        lambda _: True,
        Scenario((Call("acomplete", ({"role": "user", "content": "?"},), start="gemini", tenant="a"),)),
        of(),
    ),
    "calls that have to be alike change together": (
        lambda s: len(s.calls) == 2 and s.calls[0].operation == s.calls[1].operation,
        Scenario((Call("acomplete"), Call("acomplete"))),
        of(calls=2),
    ),
    "a script of one call takes the place of one for all": (
        lambda s: len(s.calls) == 2 and any(fault_at(s, p, 0) != fault_at(s, p, 1) for p in CHAIN),
        of(persistent("openai", call=EVERY_CALL), persistent("anthropic", SILENCE, call=1), calls=2),
        of(persistent("openai", call=1), calls=2),
    ),
    "what is needed stays": (
        lambda s: s.calls[0].start == "gemini" and s.calls[0].operation == "acomplete",
        Scenario((Call("acomplete", start="gemini"),)),
        Scenario((Call("acomplete", start="gemini"),)),
    ),
    "nothing at all": (lambda _: True, of(*map(persistent, CHAIN)), of()),
}


@pytest.mark.parametrize("case", CASES)
def test_each_class_of_candidate(case):
    shows, start, expected = CASES[case]
    assert shows(start)
    assert reduce(start, lambda s: bool(shows(s)), SPACE) == expected


ACTS = st.sampled_from([ANSWER, RATE, ERROR, SILENCE, Act("http_429", retry_after="1")])
ROWS = st.builds(
    Script, st.integers(0, 1), st.sampled_from(CHAIN), st.lists(ACTS, max_size=3).map(tuple), ACTS
)
LISTS = st.lists(ROWS, max_size=4, unique_by=lambda row: row.provider)


def scenario_of(start, *lists):
    rows = [replace(row, call=call) for call, rows in enumerate(lists) for row in rows]
    return Scenario((Call("acomplete", start=start),) * len(lists), tuple(rows))


STARTS = st.sampled_from([None, "gemini"])
SCENARIOS = st.builds(scenario_of, STARTS, LISTS) | st.builds(scenario_of, STARTS, LISTS, LISTS)
# A finding: so many faults at least, at so many providers, one of them being this one.
FINDINGS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([None, *FAULTS]))


def shows(finding):
    def judge(scenario):
        acts = [act.fault for row in scenario.acts for act in (*row.attempts, row.then) if act.fault]
        where = {row.provider for row in scenario.acts if any(act.fault for act in (*row.attempts, row.then))}
        faults_min, providers_min, fault = finding
        return len(acts) >= faults_min and len(where) >= providers_min and (fault is None or fault in acts)

    return judge


@settings(deadline=None, max_examples=40)
@given(SCENARIOS, FINDINGS)
def test_it_keeps_the_finding_never_grows_and_has_no_more_to_do(scenario, finding):
    judge = shows(finding)
    if not judge(scenario):
        return
    tried = []
    minimal = reduce(scenario, lambda s: tried.append(s) or judge(s), SPACE)
    assert judge(minimal)
    assert size(minimal, SPACE) <= size(scenario, SPACE)
    assert all(size(candidate, SPACE) < size(scenario, SPACE) for candidate in tried)
    assert reduce(minimal, judge, SPACE) == minimal


@settings(deadline=None, max_examples=40)
@given(SCENARIOS, SCENARIOS, st.sampled_from(FAULTS))
def test_the_same_minimum_from_wherever_it_starts(one, other, fault):
    def judge(scenario):
        return any(act.fault == fault for row in scenario.acts for act in (*row.attempts, row.then))

    minima = {reduce(start, judge, SPACE).text for start in (one, other) if judge(start)}
    assert minima <= {of(persistent("openai", Act(fault))).text}


def test_a_candidate_is_tried_once_a_pass_and_the_number_is_bounded(monkeypatch):
    monkeypatch.setattr("llminv.audit.reduce.PLAYS_MAX", 7)
    tried = []
    start = of(*(Script(0, name, (SILENCE, ERROR), SILENCE) for name in CHAIN))
    reduce(start, lambda s: bool(tried.append(s.text)), SPACE)
    assert len(tried) == len(set(tried)) == 7
