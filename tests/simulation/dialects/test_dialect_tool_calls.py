"""Calls of tools in a stream, in every form in which they come: the same calls, and which fragments say them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sdk_clients import HEAR, Wire

from llminv.contract import ToolCall
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Answer
from llminv.simulation.dialects.stream import Part, whole

CALLS = (ToolCall("a", "f", '{"x": "\\u00e9 é"}'), ToolCall("b", "g", ""), ToolCall("c", "f", "{}"))
ANSWER = Answer("", "m", "tool_calls", CALLS)
FRAGMENTS = ("in_order", "interleaved", "at_once")


def values(calls: list[ToolCall]) -> list[tuple[str | None, str | None, object]]:
    return [(call.id, call.name, json.loads(call.arguments or "{}")) for call in calls]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("fragments", FRAGMENTS)
@pytest.mark.parametrize("split", [whole, list], ids=["one delta", "one character a delta"])
def test_the_calls_are_understood_however_they_are_cut(name: str, fragments: str, split) -> None:
    answer = replace(ANSWER, text="Let me see.", tool_fragments=fragments)
    heard = HEAR[name](Wire(DIALECTS[name].stream(answer, split=split)), stream=True)
    assert (heard.text, values(heard.tool_calls)) == (answer.text, values(list(CALLS)))


@pytest.mark.parametrize("index", ["given", "missing", "repeated"])
@pytest.mark.parametrize("name", DIALECTS)
def test_an_unstreamed_answer_has_no_fragments(name: str, index: str) -> None:
    odd = replace(ANSWER, tool_fragments="interleaved", tool_index=index)
    assert DIALECTS[name].answer(odd) == DIALECTS[name].answer(ANSWER)


@pytest.mark.parametrize("index", ["missing", "repeated"])
@pytest.mark.parametrize("fragments", FRAGMENTS)
def test_only_some_formats_tell_calls_apart_by_an_index_of_their_own(fragments: str, index: str) -> None:
    for name in ("anthropic-messages", "gemini"):
        form = replace(ANSWER, tool_fragments=fragments)
        odd = replace(form, tool_index=index)
        assert DIALECTS[name].stream(odd).encode() == DIALECTS[name].stream(form).encode()


def fragments_of(name: str, answer: Answer) -> list[list[tuple[object, ...]]]:
    """Return for each event (index, id, name, arguments) of its fragments."""
    found = []
    for event in DIALECTS[name].stream(answer).events:
        for choice in json.loads(event.data)["choices"] if event.data != "[DONE]" else ():
            said = choice["delta"].get("tool_calls")
            assert bool(said) == bool(event.carries & Part.CONTENT)
            if said:
                found.append(
                    [
                        (
                            one.get("index"),
                            one.get("id"),
                            one["function"].get("name"),
                            one["function"]["arguments"],
                        )
                        for one in said
                    ]
                )
    return found


TWO = replace(ANSWER, tool_calls=(ToolCall("a", "f", "1 2"), ToolCall("b", "g", "3")))
OPEN, NEXT = ("a", "f", ""), ("b", "g", "")
FORMS = {
    ("in_order", "given"): [
        [(0, *OPEN)],
        [(0, None, None, "1")],
        [(0, None, None, " 2")],
        [(1, *NEXT)],
        [(1, None, None, "3")],
    ],
    ("interleaved", "given"): [
        [(0, *OPEN)],
        [(1, *NEXT)],
        [(0, None, None, "1")],
        [(1, None, None, "3")],
        [(0, None, None, " 2")],
    ],
    ("in_order", "missing"): [
        [(None, *OPEN)],
        [(None, None, None, "1")],
        [(None, None, None, " 2")],
        [(None, *NEXT)],
        [(None, None, None, "3")],
    ],
    ("at_once", "given"): [[(0, "a", "f", "1 2"), (1, "b", "g", "3")]],
    ("at_once", "missing"): [[(None, "a", "f", "1 2"), (None, "b", "g", "3")]],
    ("at_once", "repeated"): [[(0, "a", "f", "1 2"), (0, "b", "g", "3")]],
}


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
@pytest.mark.parametrize("name", ["openai-chat", "deepseek"])
def test_the_fragments_of_each_form(name: str, form: tuple[str, str]) -> None:
    answer = replace(TWO, tool_fragments=form[0], tool_index=form[1])
    assert fragments_of(name, answer) == FORMS[form]


def test_a_lone_call_that_comes_at_once_opens_openais_stream() -> None:
    lone = replace(TWO, tool_calls=TWO.tool_calls[:1], tool_fragments="at_once")
    first = json.loads(DIALECTS["openai-chat"].stream(lone).events[0].data)["choices"][0]["delta"]
    assert (first["role"], first["tool_calls"][0]["function"]["arguments"]) == ("assistant", "1 2")


def test_gemini_says_calls_that_come_at_once_in_one_event() -> None:
    stream = DIALECTS["gemini"].stream(replace(ANSWER, text="Hi", tool_fragments="at_once"))
    parts = [json.loads(event.data)["candidates"][0]["content"]["parts"] for event in stream.events]
    assert [len(each) for each in parts] == [1, 3]
