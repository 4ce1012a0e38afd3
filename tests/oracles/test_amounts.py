"""What handlers return for a cost, as exact numbers: floats, Decimals, ints and texts; and what is none."""

from decimal import Decimal
from fractions import Fraction

import pytest

from llminv.oracles.prices.amounts import amount, reported, said


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (0.1, Fraction(0.1)),
        (Decimal("0.1"), Fraction(1, 10)),
        (Decimal("1.5E-7"), Fraction(3, 20_000_000)),
        (3, 3),
        (-2, -2),
        ("0.1", Fraction(1, 10)),
        (" 1.5e-07\n", Fraction(3, 20_000_000)),
        ("-1.", -1),
        (".5", Fraction(1, 2)),
        ("0", 0),
        (10**4000, 10**4000),
    ],
)
def test_numbers_are_exact(value, exact):
    assert amount(reported(value)) == exact


@pytest.mark.parametrize(
    "value",
    [
        *(float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")),
        *(
            "NaN",
            "inf",
            "",
            "$0.10",
            "0.1 USD",
            "1,5",
            "1_000",
            "0x10",
            "\u0661",
            "1e99999",
            Decimal("1E+99999"),
        ),
        *(None, True, [1], 1j, Fraction(1, 2)),
    ],
)
def test_what_is_no_amount(value):
    assert amount(reported(value)) is None


def test_how_a_message_shows_it():
    values = (0.1, Decimal("0.10"), "x", None, True)
    assert [said(reported(value)) for value in values] == [
        "0.1 (float)",
        "0.10 (Decimal)",
        "x (str)",
        "None",
        "True (bool)",
    ]
