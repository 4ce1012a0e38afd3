"""cost_additivity: planted bugs that show over several requests, correct handlers, and sums over ten thousand."""

from pathlib import Path

import pytest
from playing import Playing
from routes import promise_of

from llminv.contract import Usage
from llminv.declaration.prices import PriceBook, Rounding
from llminv.kinds import KINDS
from llminv.kinds.cost_additivity import LARGE, MANY, SMALL
from llminv.scenario import Call, Scenario

KIND = KINDS["cost_additivity"]
FILE = Path(__file__).with_name("pricers.py")
PROMISE = promise_of("cost_additivity")


def asks(*calls, **scenario):
    """The scenario of these calls: counts of a usage, or a call as it is."""
    made = [call if isinstance(call, Call) else Call("cost", usage=Usage(*call)) for call in calls]
    return Scenario(tuple(made), **scenario)


def alone(**more):
    """The promise with the price of openai's model alone, and more in its row."""
    (row,) = PROMISE.prices.model_dump(mode="json", exclude_none=True)["models"]["openai"]["gpt-4o-mini"]
    book = {"unit": "per_1k", "models": {"openai": {"gpt-4o-mini": {**row, **more}}}}
    return PROMISE.model_copy(update={"prices": PriceBook.model_validate(book)})


TIERED = alone(tiers=[{"above": 100, "input": "1", "output": "1", "cached_input": "1"}])
PLANTED = [
    (
        "sum_wrong",
        "WhoeverServes",
        PROMISE,
        asks((0, 1), Call("cost", usage=Usage(0, 1), provider="anthropic")),
    ),
    ("cost_changes", "FirstIsFree", alone(), asks(Call("cost", usage=Usage(0, 1), times=2))),
    ("cost_changes", "Merges", TIERED, asks((4, 0), (93,), (4, 0))),
    ("not_a_cost", "Infinite", alone(), asks(())),
    ("negative_cost", "Refunds", alone(), asks((0, 1))),
    ("hang", "WaitsForNobody", alone(), asks(())),
    ("never_ends", "WaitsForEver", alone(), asks(())),
]


@pytest.mark.parametrize(("code", "handler", "promise", "scenario"), PLANTED)
def test_a_planted_bug_is_found_and_reduced(code, handler, promise, scenario):
    with Playing(handler, promise, FILE) as playing:
        assert playing.minimal()[code] == scenario


def test_a_cost_that_is_read_off_a_running_total_drifts():
    small = Call("cost", usage=SMALL)
    with Playing("RunningTotal", PROMISE, FILE) as playing:
        (finding,) = playing.findings(asks(small, Call("cost", usage=LARGE, times=1_000), small))
        assert (finding.code, finding.call) == ("cost_changes", 2)
        least = asks((0, 1), Call("cost", usage=Usage(0, 1455), times=50), (0, 1))
        assert playing.codes(least) == {"cost_changes"}
        assert playing.kept({"cost_changes": least}) == []


def test_every_code_is_planted():
    assert KIND.codes.keys() == {code for code, *_ in PLANTED}


@pytest.mark.parametrize("handler", ["Table", "OfTheWorld", "Floats", "Texts", "Waits", "Remembers"])
def test_a_correct_handler_shows_nothing_and_exercises_everything(handler):
    promise = TIERED if handler in ("OfTheWorld", "Remembers") else alone() if handler != "Table" else PROMISE
    with Playing(handler, promise, FILE) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(promise)


def test_what_each_rounds_as_declared_adds_up():
    promise = PROMISE.model_copy(
        update={"prices": PROMISE.prices.model_copy(update={"rounding": Rounding(decimals=4)})}
    )
    many = Call("cost", usage=Usage(1, 1), times=MANY)
    with Playing("Rounds", promise, FILE) as playing:
        assert playing.codes(asks((1, 1), many, (3, 3))) == set()
    with Playing("Rounds", PROMISE, FILE) as playing:
        (finding,) = playing.findings(asks((1, 1), many))
    assert (finding.code, finding.call) == ("sum_wrong", 0)
    assert finding.expected == "10001 requests come to 0.00750075 USD"
    assert finding.observed == "they come to 0 USD"


REQUIRED = {
    "several requests were priced",
    "a request was priced again after others",
    "10000 requests were priced",
    "requests to several providers were priced",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    alone = {"gpt-4o-mini": PROMISE.prices.models["openai"]["gpt-4o-mini"]}
    book = PROMISE.prices.model_copy(update={"models": {"openai": alone}})
    assert KIND.required(PROMISE.model_copy(update={"prices": book})) == {*REQUIRED} - {
        "requests to several providers were priced"
    }


def test_labels():
    openai, other = (Call("cost", usage=SMALL, provider=name) for name in ("openai", "gemini"))
    with Playing("Table", PROMISE, FILE) as playing:
        for calls, labels in (
            ((openai,), set()),
            ((openai, openai), {"several requests were priced"}),
            ((openai, other), {"several requests were priced", "requests to several providers were priced"}),
            (
                (openai, Call("cost", usage=LARGE), openai),
                {
                    "several requests were priced",
                    "a request was priced again after others",
                },
            ),
        ):
            playing.labels.clear()
            playing.codes(Scenario(calls))
            assert playing.labels == labels


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "asks for the costs of 2 to 7 usages of openai gpt-4o-mini, anthropic claude-opus-4-8, deepseek "
        "deepseek-chat, gemini gemini-2.5-flash in all orders, of some again, and of 10000 requests in a row, and "
        "compares their sum with the prices of each"
    )
