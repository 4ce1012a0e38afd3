"""A scenario: which act answers which attempt, and its text and seed."""

from llminv.scenario import ANSWER, DEFAULT_MESSAGES, Act, Call, Scenario, Script, default_text

RATE_LIMIT, SILENCE = Act("http_429"), Act("no_answer")
CALL = Call("complete")


def test_acts_in_order_then_the_last_one_for_ever():
    row = Script(0, "openai", attempts=(RATE_LIMIT, SILENCE), then=ANSWER)
    assert [row.act(attempt) for attempt in range(4)] == [RATE_LIMIT, SILENCE, ANSWER, ANSWER]
    assert Script(0, "openai", then=SILENCE).act(999) == SILENCE


def test_a_script_belongs_to_one_call_and_one_provider():
    row = Script(1, "openai", then=RATE_LIMIT)
    scenario = Scenario((CALL, CALL), (row,))
    assert scenario.script(1, "openai") == row
    for call, provider in ((0, "openai"), (1, "anthropic"), (-1, "openai"), (2, "openai")):
        assert scenario.script(call, provider) == Script(call, provider, (), ANSWER)


def test_the_text_is_canonical_json():
    scenario = Scenario((CALL,), (Script(0, "openai", then=RATE_LIMIT),))
    assert scenario.text == (
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}}],"calls":[{"operation":"complete"}]}'
    )
    assert Scenario.from_json(scenario.to_json()) == scenario
    spelled_out = Scenario(
        (Call("complete", DEFAULT_MESSAGES, start=None),), (Script(0, "openai", (), RATE_LIMIT),)
    )
    assert spelled_out.text == scenario.text


def test_the_seed_is_a_function_of_the_text_and_the_same_everywhere():
    assert Scenario((CALL,)).seed == 10475096961630711649
    assert Scenario((Call("acomplete"),)).seed != Scenario((CALL,)).seed


def test_no_two_answers_are_equal():
    texts = {default_text(provider, call) for provider in ("openai", "anthropic") for call in range(3)}
    assert len(texts) == 6
    assert default_text("openai", 2) == "Hello from openai to call 2."
