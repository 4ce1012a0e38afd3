"""token_accuracy finds wrong counts and passes right ones; what nothing is known of, it does not judge."""

import pytest
from counting import ACCURACY, counting, found, promised

from llminv.audit.reduce import Space, reduce
from llminv.declaration.usage import Recorded
from llminv.kinds import token_accuracy
from llminv.kinds.token_accuracy import KIND
from llminv.scenario import Call, Scenario

OPENAI = {"openai": "tiktoken"}
HINDI = "यह वाक्य केवल इसलिए लिखा गया है कि उसके अक्षर गिने जा सकें। "


def count(**what):
    return Scenario((Call("count_tokens", **what),))


def checked(counter, scenario, promise=None):
    with counting(counter, promise or promised(ACCURACY)) as playing:
        return playing.findings(scenario)


@pytest.mark.parametrize("counter", ["Right", "AskedTwice", "Kept"])
def test_a_right_counter_passes_and_exercises_what_is_required(counter):
    first, labels = found(counter, promised(ACCURACY))
    assert first == {}
    assert KIND.required(promised(ACCURACY)) <= labels


def test_an_endpoint_that_nobody_asks_is_never_exercised():
    first, labels = found("NobodyAsked", promised(ACCURACY, oracles={"gemini": "recorded"}, models={}))
    assert first == {}
    assert KIND.required(promised(ACCURACY)) - labels >= {"counted by gemini for gemini-2.5-flash"}


@pytest.mark.parametrize(
    ("counter", "code", "minimal"),
    [("Half", "too_low", count(text="ééééééé")), ("Double", "too_high", count())],
)
def test_a_planted_bug_is_found_and_reduced(counter, code, minimal):
    promise = promised(ACCURACY, oracles=OPENAI, models={})
    with counting(counter, promise) as playing:
        cells = KIND.cells(promise, playing.operations)
        first = next(cell for cell in cells if code in playing.codes(cell))
        space = Space(promise.policy.chain, (), playing.operations)
        reduced = reduce(first, lambda smaller: code in playing.codes(smaller), space)
    assert reduced == minimal


@pytest.mark.parametrize("counter", ["UpTo1000", "UpTo4000", "UpTo20000", "UpTo100000", "UpTo131072Tokens"])
@pytest.mark.parametrize(("provider", "word"), [("openai", "tiktoken"), ("deepseek", "deepseek")])
def test_a_count_that_stops_somewhere_in_a_long_text_is_found(counter, provider, word):
    first, _ = found(counter, promised(ACCURACY, oracles={provider: word}, models={}))
    assert first.keys() == {"too_low"}
    assert first["too_low"].calls[0].times > 1


@pytest.mark.parametrize(
    ("counter", "codes"),
    [
        ("KeptByTheBeginning", {"too_low"}),
        ("KeptByTheEnds", {"too_low"}),
        ("KeptByTheLength", {"too_low"}),
        ("KeptForAnyModel", {"too_low"}),
    ],
)
def test_a_count_of_something_else_is_found(counter, codes):
    first, _ = found(counter, promised(ACCURACY, oracles=OPENAI))
    assert first.keys() == codes
    assert all(len(scenario.calls) > 1 for scenario in first.values())


def test_a_finding_says_what_is_true_and_how_that_is_known():
    [finding] = checked("Low", count(text=HINDI * 4))
    assert (finding.code, finding.provider, finding.call) == ("too_low", "openai", 0)
    truth = 77
    assert finding.expected.startswith(
        f"{truth} tokens for gpt-4o-mini, give or take {truth * 0.05:g} (exact: "
    )
    assert finding.observed == f"the handler counts {truth * 9 // 10}"


@pytest.mark.parametrize(
    ("tolerance", "floor", "codes"),
    [("±5%", 3, ["too_low"]), ("11%", 3, []), (0.11, 0, []), ("0", 0, ["too_low"]), ("5%", 8, [])],
)
def test_what_is_tolerated_is_declared(tolerance, floor, codes):
    promise = promised(ACCURACY, tolerance=tolerance, floor_tokens=floor)
    scenario = count(text=HINDI * 4)
    assert [finding.code for finding in checked("Low", scenario, promise)] == codes


def test_a_prompt_has_a_floor_for_each_message():
    messages = ({"role": "user", "content": "hi"},) * 3
    promise = promised(ACCURACY, floor_tokens=0, floor_tokens_per_message=0)
    assert [one.code for one in checked("Low", count(messages=messages), promise)] == ["too_low"]
    assert checked("Low", count(messages=messages), promised(ACCURACY)) == []


def test_the_answer_of_an_endpoint_has_to_be_used():
    scenario = count(provider="anthropic", text=HINDI * 40)
    [finding] = checked("AnswerIgnored", scenario)
    assert "(played: the counting endpoint of anthropic)" in finding.expected
    assert checked("Right", scenario) == []


LINE = Recorded(
    provider="gemini",
    model="gemini-2.5-flash",
    messages=({"role": "user", "content": "hello " * 100},),
    billed_input=101,
    output="ok",
    billed_output=5,
    source="a log",
)


def test_recorded_prompts_are_played_and_judged():
    promise = promised(ACCURACY).model_copy(update={"usage": (LINE,)})
    asked = Call("count_tokens", provider="gemini", messages=LINE.messages)
    cells = list(KIND.cells(promise, ("count_tokens",)))
    assert Scenario((asked,)) in cells
    assert count(provider="gemini", text="ok") not in cells
    [finding] = checked("NobodyAsked", Scenario((asked,)), promise)
    assert (finding.code, finding.expected) == (
        "too_high",
        "101 tokens for gemini-2.5-flash, give or take 7 (recorded: billed, see a log)",
    )
    # What was billed for an answer is no count of its text.
    assert checked("NobodyAsked", count(provider="gemini", text="ok"), promise) == []


def test_other_models_of_recorded_calls_are_asked_about_by_their_names():
    other = LINE.model_copy(update={"model": "gemini-1.5-pro"})
    promise = promised(ACCURACY).model_copy(update={"usage": (other,)})
    asked = Call("count_tokens", provider="gemini", model="gemini-1.5-pro", messages=LINE.messages)
    assert Scenario((asked,)) in list(KIND.cells(promise, ("count_tokens",)))


def test_of_many_recorded_calls_a_part_is_played(monkeypatch):
    monkeypatch.setattr(token_accuracy, "RECORDED_MAX", 2)
    lines = [LINE.model_copy(update={"messages": ({"role": "user", "content": str(n)},)}) for n in range(5)]
    promise = promised(ACCURACY, oracles={"gemini": "recorded"}, models={})
    promise = promise.model_copy(update={"usage": tuple(lines)})
    played = [cell.calls[0].messages[0]["content"] for cell in KIND.cells(promise, ("count_tokens",))]
    assert [text for text in played if text in "01234"] == ["0", "3"]


@pytest.mark.parametrize(
    ("counter", "scenario"),
    [
        ("Low", count(provider="deepseek")),  # a prompt, of which the frame is not known
        ("Low", count(model="gpt-6", text="a" * 900)),
        ("Nothing", count(text="a")),
        ("Nan", count(text="a")),
        ("Raises", count(text="a")),
    ],
)
def test_what_is_not_known_or_no_number_is_not_judged_here(counter, scenario):
    assert checked(counter, scenario) == []


def test_a_float_is_a_number():
    assert checked("Floats", count(text=HINDI)) == []


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({}, ()),
        (
            {"oracles": OPENAI, "models": {}},
            tuple(f"no oracle is declared for {name}" for name in ("anthropic", "deepseek", "gemini")),
        ),
        (
            {"models": {"openai": ["gpt-6"]}},
            ("tiktoken knows no encoding of the model gpt-6",),
        ),
    ],
)
def test_what_cannot_be_judged_is_said(fields, reasons):
    assert KIND.reservations(promised(ACCURACY, **fields)) == reasons


def test_a_missing_vocabulary_is_said_and_its_provider_is_not_played(monkeypatch):
    from llminv.errors import UsageError
    from llminv.oracles.tokens import deepseek

    monkeypatch.setattr(deepseek, "find_spec", lambda _: None)
    [reason] = KIND.reservations(promised(ACCURACY))
    assert reason.endswith("pip install 'llminv[deepseek]'")
    cells = KIND.cells(promised(ACCURACY), ("count_tokens",))
    assert "deepseek" not in {cell.calls[0].provider for cell in cells}
    only = promised(ACCURACY, oracles={"deepseek": "deepseek"}, models={})
    with pytest.raises(UsageError, match="nothing can be counted: the vocabulary of DeepSeek"):
        list(KIND.cells(only, ("count_tokens",)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"oracles": {}}, "at least 1"),
        (
            {"oracles": {"openai": "tiktokens"}},
            "'tiktokens' is not an oracle of tokens; did you mean 'tiktoken'?",
        ),
        ({"tolerance": "150%"}, "a share of at most 100%"),
        ({"floor_tokens": -1}, "greater than or equal to 0"),
    ],
)
def test_wrong_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=".*" + message.replace("?", r"\?")):
        promised(ACCURACY, **fields)
