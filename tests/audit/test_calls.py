"""Simpler calls: whom they ask, of what a text is and how often it is said, and what calls have in common."""

import pytest

from llminv.audit.calls import distance, simpler, together
from llminv.audit.reduce import Space, reduce
from llminv.scenario import DEFAULT_MESSAGES, Call, Scenario

CHAIN = ("openai", "anthropic", "gemini")
SPACE = Space(CHAIN, (), ("count_tokens",))


def counts(text=None, **what):
    return Call("count_tokens", text=text, **what)


def least(shows, *calls):
    """The calls that are left when those that `shows` accepts are reduced."""
    return reduce(Scenario(calls), lambda scenario: shows(scenario.calls), SPACE).calls


def test_an_earlier_provider_is_simpler_and_so_is_a_text_of_fewer_characters():
    assert distance(counts("aa"), CHAIN) < distance(counts("ab"), CHAIN)
    assert distance(counts("a"), CHAIN) < distance(counts("a", provider="gemini"), CHAIN)
    asked = counts("a", provider="gemini", model="m")
    earlier = [(call.provider, call.model) for call in simpler(asked, CHAIN) if call.provider != "gemini"]
    assert earlier == [(None, None), ("anthropic", None)]


@pytest.mark.parametrize(
    ("times", "fewer"),
    [(3, [1, 2]), (100, [1, 2, 5, 10, 20, 50]), (1_000, [1, 2, 5, 10, 20, 50, 100, 200, 500])],
)
def test_many_repeats_become_fewer_in_round_steps(times, fewer):
    text = "a" * 65  # too long to be written out
    less = [call.times for call in simpler(counts(text, times=times), CHAIN) if call.text == text]
    assert less == fewer


@pytest.mark.parametrize(("piece", "times"), [("a", 1_600), ("aaa", 500), ("word ", 400), ("漢", 2_000)])
def test_a_long_text_becomes_one_character_a_round_number_of_times(piece, times):
    def shows(calls):
        return len((calls[0].text or "") * calls[0].times) > 1_050

    assert least(shows, counts(piece, times=times)) == (counts("a", times=2_000),)


def test_a_short_text_is_written_out():
    assert least(lambda calls: len((calls[0].text or "") * calls[0].times) > 5, counts("abc", times=9)) == (
        counts("aaaaaa"),
    )


def test_a_text_becomes_one_character_said_again_and_again():
    def shows(calls):
        return len((calls[0].text or "").encode()) > 11

    assert least(shows, counts("aéש漢a😀")) == (counts("a" * 12),)


def test_a_count_of_messages_becomes_one_of_a_text():
    def shows(calls):
        said = calls[0].text or calls[0].messages[-1].get("content") or ""
        return "x" in said

    messages = ({"role": "system", "content": "y"}, {"role": "user", "content": "wxw"})
    assert least(shows, counts(messages=messages)) == (counts("x"),)


def test_a_conversation_with_tools_becomes_the_simplest_one():
    def shows(calls):
        said = calls[0].messages
        called = [call.get("id") for message in said for call in message.get("tool_calls") or ()]
        return called and called == [one.get("tool_call_id") for one in said if one.get("role") == "tool"]

    call = {"id": "call_7", "type": "function", "function": {"name": "get_weather", "arguments": '{"a":1}'}}
    messages = (
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "call_8"}]},
        {"role": "tool", "tool_call_id": "call_7", "content": "sun"},
        {"role": "tool", "tool_call_id": "call_8", "content": "rain"},
    )
    [asked] = least(shows, counts(messages=messages))
    assert [call["id"] for message in asked.messages for call in message.get("tool_calls") or ()] == ["a"]
    assert len(asked.messages) == 2


def test_calls_that_begin_alike_are_changed_together():
    def shows(calls):
        return len(calls) == 2 and calls[1].text == f"{calls[0].text}!"

    alike = {"provider": "gemini", "model": "m"}
    assert least(shows, counts("some text", **alike), counts("some text!", **alike)) == (
        counts(""),
        counts("!"),
    )


def test_messages_that_are_alike_become_the_usual_ones():
    said = ({"role": "user", "content": "one"},)
    more = (*said, {"role": "user", "content": "two"})

    def shows(calls):
        return len(calls) == 2 and calls[1].messages[:-1] == calls[0].messages

    first, second = least(shows, counts(messages=said), counts(messages=more))
    assert first == counts()
    assert second.messages[:-1] == DEFAULT_MESSAGES


def test_one_call_has_nothing_in_common():
    assert list(together(Scenario((counts("a"),)))) == []
