"""custom: scenarios from YAML, a checker of one's own, and what is wrong with either."""

import pytest
from routes import answers, history, promise_of

from llminv.audit.judge import Unjudgeable, judged
from llminv.declaration.load import load
from llminv.errors import DeclarationError
from llminv.kinds import KINDS
from llminv.kinds.custom import Custom
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.dialects import DIALECTS

KIND = KINDS["custom"]
REQUIRED = frozenset({"scenario 1 played", "scenario 2 played"})
PROVIDERS = """
providers:
  openai: {dialect: openai-chat, base_url: https://api.openai.com/v1, key: OPENAI_API_KEY, model: gpt-4o-mini}
policy: {chain: [openai], fallback: [rate_limit], exhausted: NoProviderAvailable}
"""
DECLARED = """
domain: Own
invariants:
  - id: short
    title: Short
    kind: custom
    statement: Replies are short.
    critical: long ones are not read
    checker: {checker}
    codes: {{too_long: The reply is too long.}}
    scenario: {scenario}
"""
CHECKERS = """
from llminv.verdict import Finding

def short(promise, scenario, history):
    text = history.outcome(0).reply.text
    return [Finding("too_long", "ten characters", text)] if len(text) > 10 else []

def crashes(promise, scenario, history):
    return 1 / 0

def of_another_code(promise, scenario, history):
    return [Finding("other", "", "")]

def of_texts(promise, scenario, history):
    return ["too_long"]

number = 7
"""
ONE = "{calls: [{operation: complete}]}"


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """The promise of a declaration with this checker and scenario."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "checkers.py").write_text(CHECKERS)
    (tmp_path / "breaks.py").write_text("1 / 0\n")
    (tmp_path / "providers.yaml").write_text(PROVIDERS)

    def declare(checker="checkers.py:short", scenario=ONE):
        (tmp_path / "own.yaml").write_text(DECLARED.format(checker=checker, scenario=scenario))
        files = [tmp_path / "providers.yaml", tmp_path / "own.yaml"]
        return load(files, {"custom": Custom}, tuple(DIALECTS)).promises[0]

    return declare


def scenarios(promise, *operations):
    return list(KIND.examples(promise, operations or ("complete",)))


def found(promise, text):
    (scenario,) = scenarios(promise)
    answered = history("openai", ends=answers("openai"))
    told = answered.events[-1]
    ending = type(told)(told.at_s, 0, type(told.reply)(text))
    return judged(KIND, promise, scenario, type(answered)((*answered.events[:-1], ending))).findings


@pytest.mark.parametrize("checker", ["checkers.py:short", "checkers:short"])
def test_the_checker_judges(declared, checker):
    promise = declared(checker)
    assert found(promise, "short") == ()
    assert [finding.code for finding in found(promise, "rather too long")] == ["too_long"]


@pytest.mark.parametrize(
    ("checker", "reason"),
    [
        ("crashes", "ZeroDivisionError: division by zero"),
        ("of_another_code", "ValueError: checkers.py:of_another_code found 'other', which is not among"),
        ("of_texts", "TypeError: checkers.py:of_texts returned a str, not a Finding"),
    ],
)
def test_a_checker_that_crashes_has_judged_nothing(declared, checker, reason):
    with pytest.raises(Unjudgeable, match=reason):
        found(declared(f"checkers.py:{checker}"), "short")


def test_scenarios_as_they_are_written(declared):
    promise = declared(
        scenario="""
      - calls:
          - {operation: stream, params: {temperature: 0.5, stop: END, json: true}, joins: false, wait_s: 2}
        acts:
          - {call: 0, provider: openai, attempts: [{fault: http_429, retry_after: 007}], then: {after: 3, fault: stall}}
      - calls: [{operation: count_tokens}]"""
    )
    params = {"temperature": 0.5, "stop": "END", "json": True}
    act = Act("http_429", retry_after="007")
    streamed = Scenario(
        (Call("stream", params=params, wait_s=2.0),),
        (Script(0, "openai", (act,), Act("stall", after=3)),),
    )
    counted = Scenario((Call("count_tokens"),))
    assert scenarios(promise, "stream", "count_tokens") == [streamed, counted]
    assert scenarios(promise, "stream") == [streamed]
    assert KIND.required(promise) == {"scenario 1 played", "scenario 2 played"}
    assert type(promise).from_json(promise.to_json(), {"custom": Custom}) == promise


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"checker": "short"}, "own.yaml:9:14: checker: 'short' is not a checker: write module:function or"),
        (
            {"checker": "nowhere:short"},
            "own.yaml:9:14: checker: 'nowhere:short': there is no module 'nowhere'",
        ),
        ({"checker": "no.py:short"}, "own.yaml:9:14: checker: 'no.py:short': there is no file no.py"),
        (
            {"checker": "checkers:long"},
            "own.yaml:9:14: checker: 'checkers:long': checkers has no function 'long'",
        ),
        ({"checker": "checkers:number"}, "checkers has no function 'number'"),
        ({"checker": "breaks:short"}, "'breaks:short' raised while it was loaded: ZeroDivisionError"),
        ({"scenario": "{calls: []}"}, "own.yaml:11:15: scenario: the scenario makes no call"),
        ({"scenario": "{acts: []}"}, "Scenario: field 'calls' is missing"),
        (
            {"scenario": "{calls: [{operation: compleet}]}"},
            "calls[0].operation: 'compleet' is not an operation; did you mean 'complete'?",
        ),
        (
            {"scenario": "{calls: [{operation: complete}], acts: [{call: 0, provider: opanai}]}"},
            "acts[0].provider: 'opanai' is not a declared provider; did you mean 'openai'?",
        ),
        (
            {
                "scenario": "{calls: [{operation: complete}], acts: [{call: 0, provider: openai, then: {fault: 429}}]}"
            },
            "acts[0]: '429' is not a fault; did you mean 'http_429'?",
        ),
        (
            {"scenario": "{calls: [{operation: complete, wait: 2}]}"},
            "Scenario.calls[0]: found 'wait', expected a field of operation",
        ),
    ],
)
def test_what_is_wrong_with_a_declaration(declared, changes, message):
    with pytest.raises(DeclarationError) as caught:
        declared(**changes)
    assert message in str(caught.value.problems[0])


def test_without_scenarios_routing_is_played(declared):
    promise = declared(scenario="[]")
    assert [scenario.text for scenario in KIND.cells(promise, ("complete", "cost"))] == [
        Scenario((Call("complete"),)).text
    ]
    assert KIND.required(promise) == frozenset()


def test_required_labels():
    promise = promise_of("custom")
    played = scenarios(promise, "acomplete")
    nothing = history(ends=answers("openai"))
    labels = [KIND.exercised(promise, scenario, nothing) for scenario in (*played, Scenario((Call("cost"),)))]
    assert labels == [{"scenario 1 played"}, {"scenario 2 played"}, frozenset()]


def test_the_sentence_for_the_document():
    assert KIND.describe(promise_of("custom")) == (
        "plays the 2 scenarios of its declaration, and lets examples/checkers.py:requests_bounded judge"
    )
