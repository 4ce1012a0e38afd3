"""cost_formula: planted bugs with their minimal scenarios, correct handlers of many builds, what it cannot tell."""

from pathlib import Path

import pytest
from playing import Playing
from pydantic import ValidationError
from routes import promise_of

from llminv.contract import Usage
from llminv.declaration.prices import BUCKETS, PriceBook, Rounding
from llminv.kinds import KINDS
from llminv.kinds.cost_formula import UNKNOWN_MODEL
from llminv.scenario import DEFAULT_USAGE, Call, Scenario

KIND = KINDS["cost_formula"]
FILE = Path(__file__).with_name("pricers.py")
PROMISE = promise_of("cost_formula", buckets=BUCKETS)
MODELS = (
    "openai gpt-4o-mini",
    "anthropic claude-opus-4-8",
    "deepseek deepseek-chat",
    "gemini gemini-2.5-flash",
)
TIER = {"above": 200_000, "input": "2", "output": "2"}


def priced(*, promise=PROMISE, **row):
    """The promise with one price, of openai's model."""
    book = {"unit": "per_1k", "models": {"openai": {"gpt-4o-mini": {"input": "1", "output": "1", **row}}}}
    policy = promise.policy.model_copy(update={"chain": ("openai",)})
    return promise.model_copy(update={"prices": PriceBook.model_validate(book), "policy": policy})


def asks(*counts, prices="declared", **about):
    return Scenario((Call("cost", usage=Usage(*counts), **about),), prices=prices)


# A code, the handler with that bug, and the least that shows it.
PLANTED = [
    ("wrong_cost", "Swaps", asks(0, 1)),
    ("wrong_cost", "OutputAtInputPrice", asks(0, 1)),
    ("wrong_cost", "PerToken", asks(0, 1)),
    ("wrong_cost", "CachedAtFullPrice", asks(1, 0, 1)),
    ("wrong_cost", "Floor", asks(0, 0)),
    ("wrong_cost", "Rounds", asks(0, 1)),
    ("not_a_cost", "NotANumber", asks(0, 0)),
    ("not_a_cost", "Nothing", asks(0, 0)),
    ("negative_cost", "Refunds", asks(0, 1)),
    ("no_cost", "KnowsNoCache", asks(1, 0, 1)),
    ("unknown_model_priced", "FreeIfUnknown", asks(model=UNKNOWN_MODEL)),
    ("hang", "WaitsForNobody", asks()),
    ("never_ends", "WaitsForEver", asks()),
]


@pytest.mark.parametrize(("code", "handler", "scenario"), PLANTED)
def test_a_planted_bug_is_found_and_reduced(code, handler, scenario):
    with Playing(handler, PROMISE, FILE) as playing:
        assert playing.minimal() == {code: scenario}


def test_every_code_is_planted():
    assert KIND.codes.keys() == {code for code, _, _ in PLANTED}


@pytest.mark.parametrize("handler", ["Table", "OfTheWorld", "Floats", "Texts", "Waits", "Remembers"])
def test_a_correct_handler_shows_nothing_and_exercises_everything(handler):
    with Playing(handler, PROMISE, FILE) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(PROMISE)


def test_what_is_wrong_is_said_in_full():
    with Playing("Swaps", PROMISE, FILE) as playing:
        (finding,) = playing.findings(asks(1, 0))
    assert (finding.code, finding.provider) == ("wrong_cost", "openai")
    assert finding.expected == (
        "0.00000015 USD: input 1 at input 0.00015, output 0.0006, cached_input 0.000075 per 1k"
    )
    assert finding.observed == "it is 6E-7 (Decimal)"


def test_what_is_rounded_as_declared_is_right_and_to_fewer_decimals_is_not():
    for decimals, codes in ((4, set()), (5, {"wrong_cost"})):
        book = PROMISE.prices.model_copy(update={"rounding": Rounding(decimals=decimals)})
        with Playing("Rounds", PROMISE.model_copy(update={"prices": book}), FILE) as playing:
            assert playing.minimal().keys() == codes


def test_a_tier_begins_strictly_above_its_number():
    promise = priced(tiers=[TIER])
    with Playing("OfTheWorld", promise, FILE) as playing:
        assert playing.minimal() == {}
        assert "more than 200000 input tokens priced for openai gpt-4o-mini" in playing.labels
        assert playing.labels >= KIND.required(promise)
    with Playing("TiersFromTheThreshold", promise, FILE) as playing:
        assert playing.minimal() == {"wrong_cost": asks(200_000, 0)}


def test_prices_that_are_the_same_tell_nothing_apart_unless_the_handler_takes_others():
    promise = priced()
    with Playing("SwapsOfTheWorld", promise, FILE) as playing:
        assert playing.minimal() == {"wrong_cost": asks(0, 1, prices="synthetic")}
    with Playing("OfTheWorld", promise, FILE) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(promise)


class Same:
    """A handler whose own prices of input and output are one, as declared."""

    def cost(self, usage, *, provider, model):
        if model != "gpt-4o-mini":
            raise LookupError(model)
        return (usage.input_tokens + usage.output_tokens) / 1000


def test_prices_of_its_own_that_are_the_same_leave_it_open():
    promise = priced()
    with Playing("Same", promise, Path(__file__)) as playing:
        assert playing.minimal() == {}
        assert KIND.required(promise) - playing.labels == {
            "output told from input by the prices of openai gpt-4o-mini"
        }


def test_a_date_decides_on_the_row():
    rows = [
        {"until": "2026-09-21", "input": "9", "output": "9"},
        {"from": "2026-09-21", "input": "1", "output": "1"},
    ]
    book = {"unit": "per_1k", "models": {"openai": {"gpt-4o-mini": rows}}}
    promise = priced().model_copy(update={"prices": PriceBook.model_validate(book)})
    with Playing("Same", promise, Path(__file__)) as playing:
        assert playing.minimal() == {}


def test_without_a_price_there_is_a_reservation_and_still_something_to_draw():
    promise = PROMISE.model_copy(update={"prices": PriceBook()})
    assert KIND.reservations(promise) == (
        (
            "no price for 2026-09-21 is declared: gpt-4o-mini at openai, claude-opus-4-8 at anthropic, "
            "deepseek-chat at deepseek, gemini-2.5-flash at gemini"
        ),
    )
    assert KIND.reservations(PROMISE) == ()
    calls = [scenario.calls[0] for scenario in KIND.cells(promise, ("cost",))]
    assert [(call.provider, call.model, call.usage) for call in calls] == [
        (name, UNKNOWN_MODEL, DEFAULT_USAGE) for name in PROMISE.policy.chain
    ]


def test_buckets_narrow_what_is_asked():
    narrow = promise_of("cost_formula")
    assert narrow.invariant.buckets == ("input", "output")
    with Playing("CachedAtFullPrice", narrow, FILE) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(narrow)
    declared = narrow.invariant.model_dump()
    with pytest.raises(
        ValidationError, match="'output' is missing: what is in other buckets is a part of it"
    ):
        KIND.model.model_validate({**declared, "buckets": ("input", "reasoning")})


REQUIRED = {
    "a model without a price was asked for",
    *(f"{bucket} priced for {model}" for model in MODELS for bucket in ("input", "output")),
    *(f"output told from input by the prices of {model}" for model in MODELS),
}


def test_required_labels():
    assert KIND.required(promise_of("cost_formula")) == REQUIRED
    assert KIND.required(PROMISE) == REQUIRED | {
        *(f"cached_input priced for {model}" for model in MODELS),
        "cache_write priced for anthropic claude-opus-4-8",
    }


def test_the_sentence_for_the_document():
    assert KIND.describe(priced(cached_input="0.5")) == (
        "asks what usages cost with no, some and all tokens in input, output, cached_input, cache_write, reasoning, "
        "at the edges of tiers and units, and works out the same by the price book, exactly. The book, in USD "
        "per 1k tokens (source: not named): openai gpt-4o-mini input 1, output 1, cached_input 0.5"
    )
    assert ", checked 2026-11-22): openai gpt-4o-mini input 0.00015" in KIND.describe(PROMISE)
