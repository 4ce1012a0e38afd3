"""Reduction of calls of `cost`: fewer tokens, asked less often, and what two calls have in common."""

from llminv.audit.reduce import Space, reduce, size
from llminv.contract import Usage
from llminv.scenario import DEFAULT_USAGE, Call, Scenario

SPACE = Space(("openai", "anthropic"), (), ("cost",))


def asks(*counts, **about):
    return Call("cost", usage=Usage(*counts), **about)


def minimal(shows, *calls, **scenario):
    return reduce(Scenario(calls, **scenario), lambda one: shows(one.calls), SPACE)


def test_one_token_is_less_than_the_usual_usage():
    one, usual = (Scenario((call,)) for call in (asks(0, 1), Call("cost")))
    assert size(one, SPACE) < size(usual, SPACE)
    assert size(usual, SPACE) == size(Scenario((Call("cost", usage=DEFAULT_USAGE),)), SPACE)
    found = minimal(lambda calls: (calls[0].usage or DEFAULT_USAGE).output_tokens, asks(7, 9, 3))
    assert found == Scenario((Call("cost", usage=Usage(output_tokens=1)),))


def test_prices_that_are_made_up_go_where_they_are_not_needed():
    assert minimal(lambda calls: True, asks(1, 1), prices="synthetic") == Scenario((asks(),))


def test_a_call_asks_less_often():
    found = minimal(lambda calls: calls[0].times > 70, asks(1, 1, times=10_000))
    assert found.calls == (asks(times=100),)


def test_two_calls_about_the_same_become_one_or_change_together():
    twice = minimal(lambda calls: sum(call.times for call in calls) > 1, asks(5, 5), asks(5, 5))
    assert twice.calls == (asks(times=2),)

    def apart(calls):
        return len(calls) == 3 and calls[0].usage == calls[2].usage != calls[1].usage

    assert minimal(apart, asks(5, 5), asks(9, 9), asks(5, 5)).calls == (asks(), asks(0), asks())


def test_the_simpler_call_comes_first():
    def both(calls):
        return {call.provider for call in calls} == {None, "anthropic"}

    found = minimal(both, asks(1, 1, provider="anthropic"), asks(1, 1))
    assert found.calls == (asks(), asks(provider="anthropic"))
