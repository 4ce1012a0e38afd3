"""`llminv prices check`, and what `llminv check` says of a price book."""

import builtins

import pytest

from llminv.cli.app import GROUPS
from llminv.declaration.prices import PriceBook
from llminv.oracles.prices.review import REMARKS

RATES = "input: 0.00015, output: 0.0006, cached_input: 0.000075"


@pytest.fixture
def book(project):
    """Declare a book with these rates of gpt-4o-mini, per thousand tokens unless it is said otherwise."""

    def write(rates=RATES, head="unit: per_1k"):
        text = f"prices:\n  {head}\n  models: {{openai: {{gpt-4o-mini: {{{rates}}}}}}}\n"
        (project / "invariants" / "prices.yaml").write_text(text)

    return write


def check(cli, *options):
    return cli("prices", "check", "--on", "2026-11-22", *options)


def test_prices_that_agree(book, cli):
    book()
    answer = check(cli, "--strict")
    assert (answer.status, answer.out) == (0, "")
    assert answer.err.startswith("1 model compared with genai-prices 0.")
    assert answer.err.endswith(" for 2026-11-22, in USD per 1k tokens: 0 remarks\n")


def test_a_remark_fails_only_where_that_is_asked_for(book, cli):
    book(RATES.replace("0.0006", "0.0007"))
    answer = check(cli)
    assert answer.out.splitlines() == [
        "PROVIDER  MODEL        WHAT   DECLARED       LISTED",
        "openai    gpt-4o-mini  stale  output 0.0007  output 0.0006",
    ]
    assert (answer.status, check(cli, "--strict").status) == (0, 1)


def test_a_remark_that_its_row_accepts_does_not_fail(book, cli):
    book(f"{RATES.replace('0.0006', '0.0007')}, accepted: [stale]")
    answer = check(cli, "--strict")
    assert answer.out.splitlines()[1].split() == [
        "openai",
        "gpt-4o-mini",
        "stale",
        "(accepted)",
        "output",
        "0.0007",
        "output",
        "0.0006",
    ]
    assert answer.status == 0
    book(f"{RATES.replace('0.0006', '0.0007')}, accepted: [time_of_day]")
    assert check(cli, "--strict").status == 1


def test_a_factor_of_a_thousand_is_not_accepted(book, cli):
    book(f"{RATES}, accepted: [unit_slip]")
    answer = check(cli)
    assert answer.status == 2
    assert "'unit_slip' is not a value of this field" in answer.err


def test_what_is_accepted_is_no_business_of_a_handler(book):
    rates = {"input": "1", "output": "1"}
    told = PriceBook.model_validate(
        {"unit": "per_1k", "models": {"openai": {"m": {**rates, "accepted": ["stale"]}}}}
    )
    assert "accepted" not in str(told.model_dump(mode="json"))


def test_a_factor_of_a_thousand_fails_fails_always(book, cli):
    book(head="unit: per_1M")
    answer = check(cli)
    assert answer.status == 1
    assert [line.split()[2] for line in answer.out.splitlines()[1:]] == ["unit_slip"] * 3


@pytest.mark.parametrize(
    ("rates", "head", "options", "message", "help_"),
    [
        (RATES, "unit: per_1k", ("--on", "soon"), "--on: 'soon' is no day", "write it as 2026-01-31"),
        (
            RATES,
            "unit: per_1k\n  currency: EUR",
            (),
            "the list is in USD, and the declared prices in EUR",
            "",
        ),
    ],
)
def test_bad_input_is_an_error_with_its_next_step(book, cli, rates, head, options, message, help_):
    book(rates, head)
    answer = cli("prices", "check", *options)
    assert answer.status == 2
    assert answer.err.splitlines() == [f"error: {message}", *([f"help: {help_}"] if help_ else [])]


def test_without_a_book_there_is_nothing_to_compare(project, cli):
    answer = check(cli)
    assert (answer.status, answer.err.splitlines()[0]) == (2, "error: no price is declared")


def test_without_the_package_it_is_said_what_to_install(book, cli, monkeypatch):
    book()
    real = builtins.__import__

    def missing(name, *rest):
        if name == "genai_prices":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    answer = check(cli)
    assert answer.status == 2
    assert answer.err.endswith("help: pip install 'llminv[prices]'\n")


def test_a_warning_is_no_error(book, cli):
    book(RATES.replace("0.000075", "0.0002"))
    answer = cli("check")
    assert answer.status == 0
    assert answer.err.startswith("warning: invariants/prices.yaml:3:")
    assert answer.err.endswith("cached input costs 0.0002, more than input\n")
    assert answer.err in check(cli).err


def test_commands_of_two_words(project, cli):
    for name, (about, commands) in GROUPS.items():
        assert about in cli(name, "--help").out
        assert cli(name).status == 2
        for word in commands:
            assert cli(name, word, "--help").status == 0
    assert all(what in cli("prices", "check", "--help").out for what in REMARKS)
    assert cli("prices", "chek").err.splitlines() == [
        "error: no such command 'chek'. Did you mean 'check'?",
        "help: `llminv prices --help` shows what can be written",
    ]
