"""The price book: what is read, what is refused with its place, and what is filled in from the list."""

import builtins
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from llminv.declaration.models import Provider
from llminv.declaration.price_list import filled, listed, noon
from llminv.declaration.prices import PriceBook, Row
from llminv.declaration.promise import Promise
from llminv.errors import DeclarationError, LlminvError, UsageError

BOOK = """\
prices:
  unit: per_1k
  currency: EUR
  rounding: {decimals: 6}
  source: the price page
  checked: 2026-11-01
  models:
    openai:
      gpt-4o-mini: {input: 0.00015, output: 0.0006, cached_input: 0.000075}
    anthropic:
      claude-opus-4-8:
        - {until: 2026-10-01, input: 0.1, output: 0.5}
        - from: 2026-10-01
          input: 0.005
          output: 0.025
          tiers:
            - {above: 200000, input: 0.01, output: 0.03}
            - {above: 500000, input: 0.02, output: 0.03}
"""


def declared(load_files, files, text=BOOK):
    return load_files({**files, "prices.yaml": text})


def test_a_book_is_read_without_a_float(load_files, files) -> None:
    book = declared(load_files, files).prices
    row = book.row("openai", "gpt-4o-mini", date(2026, 9, 21))
    assert row.declared() == {
        "input": Decimal("0.00015"),
        "output": Decimal("0.0006"),
        "cached_input": Decimal("0.000075"),
    }
    assert (book.unit, book.currency, book.rounding.decimals) == ("per_1k", "EUR", 6)


@pytest.mark.parametrize("written", ["7.5e-05", "7.5E-5", "75e-6", "0.00075e-1"])
def test_a_price_as_a_program_writes_it_is_the_same_decimal(load_files, files, written) -> None:
    text = BOOK.replace("cached_input: 0.000075", f"cached_input: {written}")
    row = declared(load_files, files, text).prices.row("openai", "gpt-4o-mini", date(2026, 9, 21))
    assert row.cached_input == Decimal("0.000075")


def test_a_price_of_next_to_nothing_is_read_back_from_a_promise(load_files, files, kinds) -> None:
    """A Decimal writes it as 1E-10."""
    text = BOOK.replace("cached_input: 0.000075", "cached_input: 0.0000000001")
    promise = declared(load_files, files, text).promises[0]
    assert Promise.from_json(json.loads(json.dumps(promise.to_json())), kinds) == promise


def test_a_price_is_valid_from_its_first_day_to_the_one_before_its_end(load_files, files) -> None:
    book = declared(load_files, files).prices
    inputs = [book.row("anthropic", "claude-opus-4-8", date(2026, *day)).input for day in ((9, 30), (10, 1))]
    assert inputs == [Decimal("0.1"), Decimal("0.005")]
    assert book.row("openai", "gpt-4", date(2026, 9, 21)) is None
    assert book.row("nobody", "gpt-4", date(2026, 9, 21)) is None


def test_a_tier_is_reached_strictly_above_its_number(load_files, files) -> None:
    row = declared(load_files, files).prices.row("anthropic", "claude-opus-4-8", date(2026, 10, 1))
    inputs = [row.of(tokens).input for tokens in (0, 200_000, 200_001, 500_000, 500_001)]
    assert inputs == [Decimal(text) for text in ("0.005", "0.005", "0.01", "0.01", "0.02")]


def test_a_promise_carries_the_book_as_text_and_is_read_back(load_files, files, kinds) -> None:
    promise = declared(load_files, files).promises[0]
    stored = json.loads(json.dumps(promise.to_json()))
    assert stored["prices"]["models"]["openai"]["gpt-4o-mini"][0]["cached_input"] == "0.000075"
    assert stored["prices"]["models"]["anthropic"]["claude-opus-4-8"][1]["from"] == "2026-10-01"
    assert Promise.from_json(stored, kinds) == promise
    assert promise.setting()["prices"] == stored["prices"]


MODEL = "prices.models.openai.gpt-4o-mini"
CLAUDE = "prices.models.anthropic.claude-opus-4-8"
UNITS = "(allowed: per_1k, per_1M)"
ROW = "gpt-4o-mini: {input: 0.00015, output: 0.0006, cached_input: 0.000075}"
WRONG = {
    "no unit": ("  unit: per_1k\n", "", f"2:3: prices: the field 'unit' is missing {UNITS}"),
    "another unit": (
        "unit: per_1k",
        "unit: per_1K",
        f"2:9: prices.unit: 'per_1K' is not a value of this field; did you mean 'per_1k'? {UNITS}",
    ),
    "negative": (
        "input: 0.00015",
        "input: -0.00015",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '-0.00015', which is negative",
    ),
    "not finite": (
        "input: 0.00015",
        "input: .nan",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '.nan', which is not finite",
    ),
    "infinite": (
        "input: 0.00015",
        "input: Infinity",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found 'Infinity', which is not finite",
    ),
    "with its currency": (
        "input: 0.00015",
        "input: $0.00015",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '$0.00015'",
    ),
    "negative in another notation": (
        "input: 0.00015",
        "input: -1.5e-4",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '-1.5e-4', which is negative",
    ),
    "too small to be meant": (
        "input: 0.00015",
        "input: 1.5e-15",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '1.5e-15'",
    ),
    "too large to be meant": (
        "input: 0.00015",
        "input: 1e99",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '1e99'",
    ),
    "with a zero before it": (
        "input: 0.00015",
        "input: 015e-5",
        f"9:28: {MODEL}.input: expected a price such as 0.00015, found '015e-5'",
    ),
    "overlapping dates": (
        "from: 2026-10-01",
        "from: 2026-09-30",
        f"13:11: {CLAUDE}[1]: two prices are valid on 2026-09-30: this one and number 1",
    ),
    "never begins": (
        "        - from: 2026-10-01\n          input",
        "        - input",
        f"13:11: {CLAUDE}[1]: two prices are valid from the beginning: this one and number 1",
    ),
    "ends before it begins": (
        "{until: 2026-10-01,",
        "{from: 2026-10-01, until: 2026-10-01,",
        f"12:37: {CLAUDE}[0].until: the price ends on 2026-10-01, before it begins on 2026-10-01",
    ),
    "no such day": (
        "from: 2026-10-01",
        "from: 2026-02-30",
        f"13:17: {CLAUDE}[1].from: expected a date such as 2026-01-31, found '2026-02-30'",
    ),
    "tier below base": (
        "input: 0.01,",
        "input: 0.001,",
        f"17:38: {CLAUDE}[1].tiers[0].input: the tier is cheaper than what is below it: 0.001 < 0.005",
    ),
    "tiers in no order": (
        "above: 500000",
        "above: 200000",
        f"18:23: {CLAUDE}[1].tiers[1].above: expected more than 200000, the tier before, found 200000",
    ),
    "a bucket without its tier": (
        "{above: 200000, input: 0.01, output: 0.03}",
        "{above: 200000, input: 0.01, output: 0.03, cached_input: 0.001}",
        (
            f"17:15: {CLAUDE}[1].tiers[0]: the tier has a rate of 'cached_input' and the price below it has none; "
            "write it in both\n"
            f"prices.yaml:18:15: {CLAUDE}[1].tiers[1]: the price below it has a rate of 'cached_input' and the tier "
            "has none; write it in both"
        ),
    ),
    "unknown key": (
        "cached_input",
        "cached",
        (
            f"9:53: {MODEL}: unknown field 'cached'; did you mean 'cached_input'? (allowed: input, output, "
            "cached_input, cache_write, reasoning, tiers, from, until, accepted)"
        ),
    ),
    "unknown provider": (
        "    openai:",
        "    openia:",
        (
            "8:5: prices.models: 'openia' is not a declared provider; did you mean 'openai'? "
            "(allowed: openai, anthropic)"
        ),
    ),
    "no output price": (
        ", output: 0.0006",
        "",
        f"9:20: {MODEL}: the field 'output' is missing",
    ),
    "no row": (ROW, "gpt-4o-mini: []", f"9:20: {MODEL}: expected at least 1, found an empty list"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_bad_book_is_refused_with_its_place_and_a_reason(case, load_files, files) -> None:
    old, new, message = WRONG[case]
    assert BOOK.count(old) == 1
    with pytest.raises(DeclarationError) as caught:
        declared(load_files, files, BOOK.replace(old, new))
    assert caught.value.message.replace("declared/", "") == f"prices.yaml:{message}"


def test_cached_input_above_input_is_a_warning(load_files, files) -> None:
    found = declared(load_files, files, BOOK.replace("0.000075", "0.0002"))
    assert [str(warning).replace("declared/", "") for warning in found.warnings] == [
        f"prices.yaml:9:67: {MODEL}.cached_input: cached input costs 0.0002, more than input"
    ]
    assert declared(load_files, files).warnings == ()


# What the list says

OPENAI = Provider(dialect="openai-chat", base_url="https://api.openai.com/v1", key="K", model="gpt-4o-mini")
GEMINI = Provider(
    dialect="gemini", base_url="https://generativelanguage.googleapis.com", key="K", model="gemini-2.5-pro"
)


def test_a_book_is_filled_in_from_the_list_and_says_so(load_files, files) -> None:
    book = declared(load_files, files, "prices: {source: genai-prices}\n").prices
    assert book.source.startswith("genai-prices 0.")
    assert book.unit == "per_1M"
    assert {name: list(models) for name, models in book.models.items()} == {
        "openai": ["gpt-4o-mini"],
        "anthropic": ["claude-opus-4-8"],
    }
    assert all(row.input > 0 for models in book.models.values() for rows in models.values() for row in rows)


def test_what_is_declared_stands_and_the_rest_comes_in_its_unit(load_files, files) -> None:
    own = (
        "prices:\n  unit: per_1k\n  source: genai-prices\n"
        "  models: {openai: {gpt-4o-mini: {input: 1, output: 2}}}\n"
    )
    book = declared(load_files, files, own).prices
    whole = declared(load_files, files, "prices: {source: genai-prices}\n").prices
    assert book.models["openai"]["gpt-4o-mini"][0].input == 1
    (ours,), (theirs,) = (one.models["anthropic"]["claude-opus-4-8"] for one in (book, whole))
    assert {name: rate * 1000 for name, rate in ours.declared().items()} == theirs.declared()


def test_a_model_that_the_list_does_not_know_is_an_error(load_files, files) -> None:
    providers = files["providers.yaml"].replace("model: gpt-4o-mini", "model: no-such-model")
    with pytest.raises(LlminvError) as caught:
        load_files({**files, "providers.yaml": providers, "prices.yaml": "prices: {source: genai-prices}\n"})
    assert "prices.yaml:1:18: prices.source: genai-prices 0." in caught.value.message
    assert "has no price of 'no-such-model' at https://api.openai.com/v1" in caught.value.message


def test_the_tiers_of_the_list_are_cliffs_of_all_buckets() -> None:
    row = listed(GEMINI, "gemini-2.5-pro", datetime(2026, 9, 21, 14, tzinfo=UTC)).row
    (tier,) = row.tiers
    assert tier.above == 200_000
    assert tier.declared().keys() == row.declared().keys() == {"input", "output", "cached_input"}
    assert all(tier.declared()[bucket] > rate for bucket, rate in row.declared().items())


def test_a_host_that_the_list_does_not_know_has_no_prices() -> None:
    other = OPENAI.model_copy(update={"base_url": "https://llm.example.com"})
    assert listed(other, "gpt-4o-mini", noon(date(2026, 9, 21))) is None


def test_without_the_package_it_is_said_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def missing(name, *rest):
        if name == "genai_prices":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError) as caught:
        filled(PriceBook(source="genai-prices"), {"openai": OPENAI})
    assert caught.value.hint == "pip install 'llminv[prices]'"


def test_a_book_that_asks_for_nothing_is_left_as_it_is() -> None:
    book = PriceBook(unit="per_1k", models={"openai": {"gpt-4o-mini": (Row(input="1", output="2"),)}})
    assert filled(book, {"openai": OPENAI}) == (book, [])


def test_an_invariant_about_cost_needs_prices(load_files, files, kinds, monkeypatch) -> None:
    monkeypatch.setattr(kinds["exhaustion"], "needs_prices", True)
    with pytest.raises(DeclarationError) as caught:
        load_files(files)
    assert caught.value.message == (
        "declared/routing.yaml:15:11: kind: an invariant about cost needs prices, and no file declares them"
    )
    assert declared(load_files, files).promises
