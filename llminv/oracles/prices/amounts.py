"""What a handler says that something costs, exactly: of a float its very value, of text its digits."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from llminv.handler.measuring import written
from llminv.history import DECIMAL_EXPONENT_MAX, Returned

_NUMERAL = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?", re.ASCII)


def amount(returned: Returned) -> Fraction | None:
    """Return the amount; None for what is none: NaN, infinity, None, a bool, other types, other text."""
    if returned.type == "str":
        return _numeral(returned.value)
    return returned.number


def reported(cost: Decimal | float | str) -> Returned:
    """Return the cost that a reply reports as if an operation had returned it."""
    return Returned(0.0, 0, *written(cost))


def said(returned: Returned) -> str:
    """Return how a message shows a value that was returned."""
    return returned.value if returned.type == "None" else f"{returned.value} ({returned.type})"


def _numeral(text: str) -> Fraction | None:
    if not _NUMERAL.fullmatch(text.strip()):
        return None
    number = Decimal(text.strip())
    return Fraction(number) if abs(number.adjusted()) <= DECIMAL_EXPONENT_MAX else None
