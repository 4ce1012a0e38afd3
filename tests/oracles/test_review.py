"""The price book beside the public list: every remark, on books that are wrong in one way."""

from datetime import date
from decimal import Decimal

import pytest

from llminv.declaration.models import Provider
from llminv.declaration.price_list import Listed
from llminv.declaration.prices import PriceBook, Row
from llminv.oracles.prices.review import CERTAIN, REMARKS, Remark, review

PROVIDERS = {
    "openai": Provider(dialect="openai-chat", base_url="https://api.openai.com/v1", key="K", model="m")
}
ON = date(2026, 11, 22)
OWN = {"input": "0.002", "output": "0.008", "cached_input": "0.001"}
TIER = {"above": 200_000, "input": "0.004", "output": "0.012", "cached_input": "0.002"}


def row(**fields):
    return Row.model_validate(fields)


def millionth(fields):
    return {name: rate if name == "above" else str(Decimal(rate) * 1000) for name, rate in fields.items()}


LISTED = Listed(row(**millionth(OWN), tiers=[millionth(TIER)]), (), by_hour=False)


def said(listed=LISTED, **fields):
    book = PriceBook.model_validate({"unit": "per_1k", "models": {"openai": {"m": {**OWN, **fields}}}})
    remarks = review(book, PROVIDERS, ON, lambda *asked: listed)
    assert all((one.provider, one.model) == ("openai", "m") for one in remarks)
    return [(one.what, one.declared, one.listed) for one in remarks]


def test_a_book_that_agrees():
    assert said(tiers=[TIER]) == []


CASES = {
    "stale": ({"tiers": [TIER], "output": "0.009"}, LISTED, "output 0.009", "output 0.008"),
    "unit_slip": ({"tiers": [TIER], "output": "8"}, LISTED, "output 8", "output 0.008"),
    "undeclared_tier": ({}, LISTED, "", "above 200000: input 0.004, output 0.012, cached_input 0.002"),
    "not_valid": ({"until": "2026-11-22"}, LISTED, "nothing for 2026-11-22", ""),
    "unknown_model": ({}, None, "input 0.002, output 0.008, cached_input 0.001", ""),
    "missing_cache_price": (
        {},
        Listed(row(**millionth(OWN), cache_write="3"), (), by_hour=False),
        "",
        "cache_write 0.003",
    ),
    "coming_change": (
        {},
        Listed(
            row(**millionth(OWN)),
            (
                (date(2027, 2, 20), row(input="1", output="2")),
                (date(2027, 2, 21), row(input="3", output="3")),
            ),
            by_hour=False,
        ),
        "",
        "from 2027-02-20: input 0.001, output 0.002",
    ),
    "time_of_day": (
        {},
        Listed(row(**millionth(OWN)), (), by_hour=True),
        "",
        "at noon: input 0.002, output 0.008, cached_input 0.001",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_each_remark(what):
    fields, listed, declared, found = CASES[what]
    assert said(listed, **fields) == [(what, declared, found)]


def test_every_remark_is_among_them():
    assert CASES.keys() == REMARKS.keys() > CERTAIN


def test_a_rate_of_a_tier_is_compared_too():
    tiers = [{**TIER, "input": "0.005"}]
    assert said(tiers=tiers) == [("stale", "above 200000: input 0.005", "above 200000: input 0.004")]


def test_a_change_that_is_declared_is_no_surprise():
    change = (date(2027, 1, 1), row(input="1", output="2"))
    listed = Listed(row(**millionth(OWN)), (change,), by_hour=False)
    rows = [{**OWN, "until": "2027-01-01"}, {"from": "2027-01-01", "input": "0.001", "output": "0.002"}]
    book = PriceBook.model_validate({"unit": "per_1k", "models": {"openai": {"m": rows}}})
    assert review(book, PROVIDERS, ON, lambda *asked: listed) == []


def test_free_is_no_slip():
    listed = Listed(row(input="0", output="8", cached_input="1"), (), by_hour=False)
    book = PriceBook.model_validate({"unit": "per_1k", "models": {"openai": {"m": OWN}}})
    assert review(book, PROVIDERS, ON, lambda *asked: listed) == [
        Remark("openai", "m", "stale", "input 0.002", "input 0")
    ]
