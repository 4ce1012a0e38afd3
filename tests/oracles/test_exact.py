"""The exact cost against sums written out by hand, its laws, and how far off a handler may be."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llminv.contract import Usage
from llminv.declaration.prices import PriceBook, Rounding
from llminv.oracles.prices.exact import Parts, agrees, cost_of, day_of, parts_of, rates_at, shown

TIER = {"above": 200_000, "input": "6", "output": "14", "cached_input": "4", "cache_write": "10"}
FULL = {"input": "3", "output": "7", "cached_input": "2", "cache_write": "5", "tiers": [TIER]}
BOOK = PriceBook.model_validate(
    {
        "unit": "per_1k",
        "models": {
            "openai": {
                "full": {**FULL, "tiers": []},
                "tiered": FULL,
                "plain": {"input": "3", "output": "7"},
                "thinking": {"input": "3", "output": "7", "reasoning": "11"},
                "dated": [
                    {"until": "2026-09-22", "input": "3", "output": "7"},
                    {"from": "2026-09-22", "input": "30", "output": "70"},
                ],
                "past": {"until": "2026-09-21", "input": "3", "output": "7"},
            }
        },
    }
)


def cost(model, *counts, at_s=0.0, book=BOOK):
    usage = Usage(*counts)
    rates = rates_at(book, "openai", model, usage, at_s)
    return None if rates is None else cost_of(book, rates, usage)


@pytest.mark.parametrize(
    ("model", "counts", "expected"),
    [
        ("full", (1000, 0), "3"),
        ("full", (0, 1000), "7"),
        ("full", (0, 0), "0"),
        ("full", (1, 1), "0.01"),
        ("full", (1000, 0, 1000), "2"),
        ("full", (1000, 0, 1), "2.999"),
        ("full", (1000, 0, 0, 1000), "5"),
        ("full", (12307, 550, 0, 12304), "65.379"),
        ("full", (1000, 1000, 300, 500, 200), "10.7"),
        ("plain", (1000, 0, 400, 600), "3"),
        ("plain", (0, 1000, None, None, 1000), "7"),
        ("thinking", (0, 1000, None, None, 400), "8.6"),
        ("tiered", (200_000, 0), "600"),
        ("tiered", (200_001, 0), "1200.006"),
        ("tiered", (200_001, 1000, 200_001), "814.004"),
    ],
)
def test_sums_by_hand(model, counts, expected):
    assert cost(model, *counts) == Fraction(expected)


@pytest.mark.parametrize(
    "counts", [(None, 1), (1, None), (0, 0, 1), (2, 0, 1, 2), (0, 1, None, None, 2), (-1, 0), (1, 1, -1)]
)
def test_a_usage_that_does_not_add_up_has_no_cost(counts):
    assert cost("full", *counts) is None


def test_parts_partition_the_usage():
    assert parts_of(Usage(1000, 900, 300, 500, 200)) == Parts(200, 700, 300, 500, 200)


def test_the_row_is_that_of_the_day_and_a_model_without_one_has_no_cost():
    assert [cost("dated", 1000, 0, at_s=at_s) for at_s in (0.0, 35_199.0, 35_200.0)] == [3, 3, 30]
    assert str(day_of(0.0)) == "2026-09-21"
    assert cost("past", 1, 1) is cost("nobody", 1, 1) is None


def test_a_unit_of_a_million():
    assert cost("full", 1000, 0, book=BOOK.model_copy(update={"unit": "per_1M"})) == Fraction("0.003")


counts = st.integers(0, 10**9)


@given(st.lists(counts, min_size=5, max_size=5), st.integers(0, 3))
def test_laws(numbers, bucket):
    """More of a bucket never costs less, twice as much costs twice, and parts cost what the whole does."""
    plain, cached, written, output, reasoning = numbers

    def of(put_in, read, wrote, put_out, thought):
        return cost("full", put_in + read + wrote, put_out + thought, read, wrote, thought)

    one = of(plain, cached, written, output, reasoning)
    assert one >= 0
    more = [plain, cached, written, output, reasoning]
    more[bucket] += 1
    assert of(*more) > one
    assert of(*[2 * number for number in numbers]) == 2 * one
    assert of(plain, cached, written, 0, 0) + of(0, 0, 0, output, reasoning) == one
    assert of(plain, cached + plain, written, output, reasoning) - of(
        2 * plain, cached, written, output, reasoning
    ) == Fraction(-plain, 1000)


@given(counts, counts, st.floats(1e-9, 1e3), st.floats(1e-9, 1e3))
def test_double_precision_agrees_and_another_token_does_not(put_in, put_out, rate_in, rate_out):
    rates = [format(Decimal(str(rate)), "f")[:15] for rate in (rate_in, rate_out)]
    model = {"input": rates[0], "output": rates[1]}
    book = PriceBook.model_validate({"unit": "per_1k", "models": {"openai": {"m": model}}})
    exact = cost("m", put_in, put_out, book=book)
    computed = put_in / 1000 * float(rates[0]) + put_out / 1000 * float(rates[1])
    assert agrees(book, exact, Fraction(computed))
    one_more = cost("m", put_in, put_out + 1, book=book)
    if exact and float(rates[1]) * 1e-3 > 1e-11 * exact:
        assert not agrees(book, exact, one_more)


def test_nothing_costs_exactly_nothing():
    rounded = BOOK.model_copy(update={"rounding": Rounding(decimals=2)})
    for book in (BOOK, rounded):
        assert agrees(book, Fraction(0), Fraction(0))
        assert not agrees(book, Fraction(0), Fraction(1, 10**15))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.integers(0, 6))
def test_what_is_rounded_as_declared_agrees_and_its_sum_too(tokens, decimals):
    book = PriceBook.model_validate(
        {**BOOK.model_dump(mode="json", exclude_none=True), "rounding": {"decimals": decimals}}
    )
    exact = [cost("full", count, 0) for count in tokens]
    unit = Decimal(1).scaleb(-decimals)
    rounded = [
        Fraction((Decimal(3 * count) / 1000).quantize(unit, rounding=ROUND_HALF_EVEN)) for count in tokens
    ]
    assert all(agrees(book, one, other) for one, other in zip(exact, rounded, strict=True))
    assert agrees(book, sum(exact), sum(rounded), requests=len(tokens))
    assert not agrees(book, exact[0] or Fraction(1), rounded[0] + Fraction(unit) * 2 + 2)


def test_an_amount_as_it_is_shown():
    assert [shown(Fraction(text), "USD") for text in ("0", "0.0006", "1200.006", "1e20")] == [
        "0 USD",
        "0.0006 USD",
        "1200.006 USD",
        "100000000000000000000 USD",
    ]
