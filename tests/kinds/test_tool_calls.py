"""tool_calls: each code found and reduced, what is right or not reported passes; how calls are put together."""

from pathlib import Path

import pytest
from playing import Playing
from routes import CHAIN, promise_of

from llminv.contract import Chunk, Reply, ToolCall
from llminv.kinds.laws.called import BEYOND_DOUBLE, looked_up, read
from llminv.kinds.laws.fragments import FORMS, calls_of, clear
from llminv.kinds.tool_calls import KIND
from llminv.scenario import EVERY_CALL, Act, Call, Said, Scenario, Script

# A handler that the world stops leaves its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUTERS = Path(__file__).with_name("answer_routers.py")
PROMISE = promise_of("tool_calls")
AT_OPENAI = promise_of("tool_calls", chain=("openai",), failures=("http_429",))
A = ToolCall(name="a")


def calling(number, *calls, **said):
    """The script with which openai makes these calls of tools."""
    return Script(number, "openai", then=Act(said=Said(tool_calls=calls, **said)))


def called(*calls):
    """The scenario of one stream in which openai makes these calls."""
    return Scenario((Call("stream"),), (calling(0, *calls),))


EXACT = ToolCall(name="a", arguments=f'{{"number":{BEYOND_DOUBLE}}}')
PLANTED = {
    "OneCallAlone": {"call_lost": called(A, A)},
    "NoCallsBesideText": {
        "call_lost": Scenario((Call("stream"),) * 2, (calling(0, A), calling(1, A, text="a"))),
    },
    "FailsAtCallsAlone": {
        "call_lost": Scenario((Call("stream"),) * 2, (calling(0, A), calling(1, A, text="a"))),
    },
    "CallsOnItsOwn": {"call_added": called(A)},
    "OneNameForAll": {"wrong_name": called(A, ToolCall(name="b"))},
    "NumbersTheCalls": {"wrong_id": called(ToolCall("a", "a"))},
    "CountsInDoubles": {"arguments_changed": called(EXACT)},
    "WaitsForResults": {"hang": called(ToolCall())},
    "LooksForResults": {"never_ends": called(ToolCall())},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, AT_OPENAI, ROUTERS) as playing:
        minimal = playing.minimal()
        kept = playing.kept(minimal)
    assert minimal == PLANTED[router]
    assert kept == []


def test_every_code_is_planted():
    assert {code for codes in PLANTED.values() for code in codes} == KIND.codes.keys()


@pytest.mark.parametrize("router", ["Right", "InFragments", "Rewrites"])
def test_what_is_right_is_no_finding(router):
    with Playing(router, AT_OPENAI, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels == KIND.required(AT_OPENAI)


def test_who_reports_no_calls_is_not_accused():
    with Playing("SaysNothing", AT_OPENAI, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels == set()


def test_the_example_keeps_every_cell_at_every_provider():
    with Playing("Right", PROMISE, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels == REQUIRED


@pytest.mark.parametrize(
    "said",
    [
        Said(tool_calls=(ToolCall("a", "a"), ToolCall("a", "a"))),  # two calls with one id
        Said(tool_calls=(A, A), tool_fragments="in_order", tool_index="repeated"),
        Said(tool_calls=(A, A), tool_fragments="interleaved", tool_index="missing"),
        Said(tool_calls=(ToolCall(name="a", arguments="{"),)),
        Said(tool_calls=(ToolCall(name="a", arguments="[]"),)),
        Said(tool_calls=(ToolCall("a"),)),
    ],
)
def test_what_has_no_one_reading_is_not_judged(said):
    assert not clear(said)
    with Playing("CallsOnItsOwn", AT_OPENAI, ROUTERS) as playing:
        assert (
            playing.codes(Scenario((Call("stream"),), (Script(0, "openai", then=Act(said=said)),))) == set()
        )


def test_a_finding_says_which_call_became_which():
    with Playing("NumbersTheCalls", AT_OPENAI, ROUTERS) as playing:
        (finding,) = playing.findings(called(ToolCall("a", "f", '{"x":"\u2028"}')))
    assert (finding.code, finding.expected, finding.observed) == (
        "wrong_id",
        'openai made the call f({"x":"\\u2028"}) with the id a',
        'the call f({"x":"\\u2028"}) with the id call-0',
    )


# How calls are put together


@pytest.mark.parametrize(
    ("fragments", "calls"),
    {
        "whole": ([ToolCall("a", "f", "1", 0), ToolCall("b", "g", "2", 1)], "a f 1, b g 2"),
        "in pieces": ([ToolCall("a", "f", "1", 0), ToolCall(arguments="2", index=0)], "a f 12"),
        "interleaved": (
            [
                ToolCall("a", "f", "", 0),
                ToolCall("b", "g", "", 1),
                ToolCall(arguments="1", index=0),
                ToolCall(arguments="2", index=1),
            ],
            "a f 1, b g 2",
        ),
        "ids alone": (
            [ToolCall("a", "f", "1"), ToolCall("b", "g", "2"), ToolCall("a", None, "3")],
            "a f 13, b g 2",
        ),
        "one index for all": ([ToolCall("a", "f", "1", 0), ToolCall("b", "g", "2", 0)], "a f 1, b g 2"),
        "no index": (
            [ToolCall("a", "f"), ToolCall(arguments="1"), ToolCall("b", "g"), ToolCall(arguments="2")],
            "a f 1, b g 2",
        ),
        "names alone": ([ToolCall(None, "f", "1"), ToolCall(None, "f", "2")], "None f 1, None f 2"),
        "the name again": ([ToolCall("a", "f", "1", 0), ToolCall("a", "f", "2", 0)], "a f 12"),
    }.values(),
)
def test_fragments_go_to_their_calls(fragments, calls):
    got = calls_of([Chunk("x"), *(Chunk(tool_call=fragment) for fragment in fragments)])
    assert ", ".join(f"{call.id} {call.name} {call.arguments}" for call in got) == calls


def test_the_calls_of_a_reply_are_as_they_are():
    calls = (ToolCall("a", "f", "1", 0), ToolCall("a", "f", "1", 0))
    assert calls_of([Reply("", calls)]) == list(calls)


def test_forms_are_what_the_scenario_knows():
    assert FORMS.keys() == {"given", "missing", "repeated"}
    assert {form for forms in FORMS.values() for form in forms} == {"in_order", "interleaved", "at_once"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "{}", True),
        ('{"a": 1, "b": [1.0]}', '{"b":[1],"a":1}', True),
        ('{"a": "\\u00e9"}', '{"a":"é"}', True),
        ('{"a": 9007199254740993}', '{"a": 9007199254740992}', False),
        ('{"a": "1"}', '{"a": 1}', False),
        ('{"a": true}', '{"a": 1}', False),
        ('{"a": null}', "{}", False),
    ],
)
def test_arguments_are_equal_as_values(one, other, same):
    assert (read(one) == read(other)) is same


REQUIRED = {
    *(f"{what} of {name} reported" for name in CHAIN for what in ("a call", "several calls", "arguments")),
    "a call after a broken one",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    assert KIND.required(AT_OPENAI) == {
        "a call of openai reported",
        "several calls of openai reported",
        "arguments of openai reported",
    }


def indexes(promise):
    acts = [row.then for cell in KIND.cells(promise, ("stream",)) for row in cell.acts]
    return {(act.said.tool_fragments, act.said.tool_index) for act in acts if act.said}


def test_cells():
    assert indexes(AT_OPENAI) == {(form, index) for index, forms in FORMS.items() for form in forms}
    assert indexes(promise_of("tool_calls", chain=("openai",), indexes=("given",))) == {
        (form, "given") for form in FORMS["given"]
    }
    broken = next(
        cell for cell in KIND.cells(PROMISE, ("stream",)) if any(row.then.after for row in cell.acts)
    )
    plain = Act(said=Said(tool_calls=(ToolCall("call_0", "ping", "{}"),)))
    half = Said(tool_calls=(looked_up(0, text="half"),), deltas="characters")
    assert broken.acts == (
        Script(EVERY_CALL, "openai", then=Act("http_503")),
        Script(0, "anthropic", then=plain),
        Script(1, "openai", then=Act("error_inside", after=2, said=half)),
        Script(1, "anthropic", then=plain),
    )
    assert list(KIND.examples(PROMISE, ("stream",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "lets each of openai, anthropic, deepseek, gemini call tools, one or several, whole or in fragments cut "
        "anywhere, also after an answer that broke off, and compares the calls that reach the caller"
    )
