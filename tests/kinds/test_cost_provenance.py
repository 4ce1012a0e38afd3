"""cost_provenance: routers with one bug each and their minimal scenarios, correct ones, and the laws on failures."""

from pathlib import Path

import pytest
from playing import Playing
from routes import CHAIN, promise_of

from llminv.contract import Usage
from llminv.declaration.prices import PriceBook
from llminv.kinds import KINDS
from llminv.scenario import EVERY_CALL, Act, Call, Said, Scenario, Script

KIND = KINDS["cost_provenance"]
FILE = Path(__file__).with_name("costing_routers.py")
FAULTS = ("http_429", "no_answer")
PROMISE = promise_of("cost_provenance", failures=FAULTS, ways=None)


def billed(provider, *counts, call=0, fault=None):
    return Script(call, provider, then=Act(fault, said=Said(usage=Usage(*counts))))


def down(*providers, fault="http_429"):
    return tuple(Script(0, provider, then=Act(fault)) for provider in providers)


def calls(*operations, joins=False):
    return tuple(Call(name, joins=joins and number > 0) for number, name in enumerate(operations))


ONE = calls("complete")
PLANTED = [
    ("wrong_cost", "PriceOfTheFirst", Scenario(ONE, down("openai"))),
    ("wrong_cost", "CountsRetries", Scenario(ONE, down("openai"))),
    (
        "cost_mixed",
        "UsageOfTheFirst",
        Scenario(calls("complete", "complete"), (billed("openai", 0, 0, call=1),)),
    ),
    ("wrong_cost", "StreamsAreFree", Scenario(calls("stream"))),
    ("cost_lost", "StreamsSayNothing", Scenario(calls("complete", "stream"))),
    ("missing_usage_free", "MissingIsFree", Scenario(ONE, down("openai", fault="usage_missing"))),
    ("missing_usage_free", "NeverAskedIsFree", Scenario(calls("stream"))),
    ("cost_without_request", "KeepsAnswers", Scenario(calls("complete", "complete"))),
    ("cost_without_request", "AlwaysCosts", Scenario(ONE)),
    ("not_a_cost", "NotANumber", Scenario(ONE)),
    ("not_a_cost", "CostByName", Scenario(ONE)),
    ("negative_cost", "CountsCacheTwice", Scenario(ONE, down("openai"))),
    ("hang", "WaitsForAnybody", Scenario(ONE, down("openai", fault="no_answer"))),
    ("never_ends", "SleepsForEver", Scenario(ONE)),
]


@pytest.mark.parametrize(("code", "router", "scenario"), PLANTED)
def test_a_planted_bug_is_found_and_reduced(code, router, scenario):
    with Playing(router, PROMISE, FILE) as playing:
        assert playing.minimal()[code] == scenario


def test_every_code_is_planted():
    assert KIND.codes.keys() == {code for code, *_ in PLANTED} | {"failed_attempt_unbilled"}


@pytest.mark.parametrize("router", ["Costs", "Floats", "Insists"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, PROMISE, FILE) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(PROMISE)


def test_a_router_that_reports_no_cost_leaves_everything_open():
    with Playing("WholeRouter", PROMISE, Path(__file__).with_name("whole_router.py")) as playing:
        assert playing.minimal() == {}
        assert KIND.required(PROMISE) - playing.labels == {
            f"cost reported when {name} served" for name in CHAIN
        }


# What failed

NO_CHOICES = Scenario(ONE, (billed("openai", 100, 10, fault="no_choices"), billed("anthropic", 20, 2)))


def test_what_a_failed_attempt_reported_in_a_whole_answer_is_billed():
    with Playing("Costs", PROMISE, FILE) as playing:
        (finding,) = playing.findings(NO_CHOICES)
    assert (finding.code, finding.provider) == ("failed_attempt_unbilled", "anthropic")
    assert finding.expected == "0.000171 USD: what anthropic, which served it, billed"
    assert finding.observed == "the reply says 0.00015 (Decimal)"
    with Playing("CountsFailures", PROMISE, FILE) as playing:
        assert playing.findings(NO_CHOICES) == []


@pytest.mark.parametrize("fault", ["http_429", "http_500", "key_rejected", "error_inside", "truncated"])
def test_what_reported_nothing_costs_nothing(fault):
    failed = billed("openai", 100, 10, fault=fault)
    with Playing("Costs", PROMISE, FILE) as playing:
        assert playing.findings(Scenario(ONE, (failed, billed("anthropic", 20, 2)))) == []


@pytest.mark.parametrize(
    ("router", "codes"),
    [
        ("NothingOfBroken", set()),
        ("HalfOfBroken", set()),
        ("AllOfBroken", set()),
        ("MoreThanBroken", {"wrong_cost"}),
    ],
)
def test_a_stream_that_broke_off_may_have_been_billed_up_to_the_whole(router, codes):
    """Its input was reported at the start, its output never: nobody knows what the provider makes of it."""
    broken = billed("anthropic", 100, 0, fault="body_reset")
    scenario = Scenario(calls("stream"), (broken, billed("deepseek", 20, 2)))
    with Playing(router, PROMISE, FILE) as playing:
        assert playing.codes(scenario) == codes


# What is not judged


def test_only_what_is_priced_is_judged():
    book = PROMISE.prices.model_copy(update={"models": {"openai": PROMISE.prices.models["openai"]}})
    promise = PROMISE.model_copy(update={"prices": book})
    with Playing("PriceOfTheFirst", promise, FILE) as playing:
        assert playing.minimal() == {}
    assert KIND.required(promise) == {"cost reported when openai served", "an answer came without usage"}
    assert (
        "no price for 2026-09-21 is declared: claude-opus-4-8 at anthropic" in KIND.reservations(promise)[0]
    )
    assert KIND.reservations(PROMISE) == ()
    assert KIND.reservations(PROMISE.model_copy(update={"prices": PriceBook()}))


def test_what_is_free_costs_nothing_with_usage_or_without():
    free = {"unit": "per_1k", "models": {"openai": {"gpt-4o-mini": {"input": "0", "output": "0"}}}}
    promise = PROMISE.model_copy(update={"prices": PriceBook.model_validate(free)})
    missing = Scenario(ONE, down("openai", fault="usage_missing"))
    with Playing("MissingIsFree", promise, FILE) as playing:
        assert playing.codes(missing) == set()
    with Playing("MissingIsFree", PROMISE, FILE) as playing:
        assert playing.codes(missing) == {"missing_usage_free"}


def test_a_stream_that_was_not_asked_for_its_usage_has_none_that_is_known():
    with Playing("NeverAsks", PROMISE, FILE) as playing:
        assert playing.codes(Scenario(calls("stream"))) == set()


REQUIRED = {
    *(f"cost reported when {provider} served" for provider in CHAIN),
    "an answer came without usage",
}


def test_required_labels():
    assert KIND.required(PROMISE) == KIND.required(promise_of("cost_provenance")) == REQUIRED


def test_ways_narrow_the_operations():
    narrow = promise_of("cost_provenance")
    assert KIND.operations_of(narrow) == ("stream", "astream")
    assert KIND.operations_of(PROMISE) == KIND.operations


def test_cells_play_pairs_retries_and_what_is_missing():
    cells = list(KIND.cells(PROMISE, ("complete", "stream")))
    assert [
        cell for cell in cells if any(act.fault == "usage_missing" for row in cell.acts for act in [row.then])
    ]
    assert [cell for cell in cells if any(row.attempts for row in cell.acts)]
    assert [cell.calls for cell in cells if any(row.call == EVERY_CALL for row in cell.acts)] == [
        calls("complete", "stream")
    ]
    assert {cell.prices for cell in cells} == {"declared", "synthetic"}
    assert list(KIND.examples(PROMISE, ("complete",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "lets each of openai, anthropic, deepseek, gemini answer with a usage of its own, after rate_limit, timeout at "
        "those before it, alone and beside another call (complete, acomplete, stream, astream), and compares the "
        "cost of the reply with what that usage costs there"
    )
