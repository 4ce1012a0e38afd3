"""The values in the options of an act: how plain and how small they are, and plainer and smaller ones.

Plain is what is said in whole seconds, and advice that stands in a Retry-After.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from llminv.scenario import Act

# What `Act.retry_after` begins with where it is a date.
_DATE = "date:"


def plainness(act: Act) -> int:
    """Return how far the advice and the times of an act are from whole seconds, 0 for an act without any."""
    forms = (
        (act.retry_after, r"[0-9]+", 0),
        (act.retry_after, rf"{_DATE}[0-9]+", 1),
        (act.retry_after_ms, "[0-9]+000", 1),
        (act.retry_info, "[0-9]+s", 1),
    )
    plain = [rank for text, form, rank in forms if text is not None and re.fullmatch(form, text)]
    advice = [text for text in (act.retry_after, act.retry_after_ms, act.retry_info) if text is not None]
    crooked = sum(not float(seconds).is_integer() for seconds in (act.delay_s, act.gap_s))
    return sum(plain) + 2 * (len(advice) - len(plain)) + crooked


def amount(act: Act) -> float:
    """Return the sum of the numbers in the options of an act."""
    advice = (act.retry_after, act.retry_after_ms, act.retry_info)
    found = [re.search("[0-9]+", text or "") for text in advice]
    return act.delay_s + act.gap_s + (act.after or 0) + sum(int(match[0]) for match in found if match)


def simpler(act: Act) -> Iterator[Act]:
    """Yield acts with smaller numbers in whole seconds, and with plainer forms of the same advice."""
    for seconds in _lower(act.delay_s):
        yield replace(act, delay_s=float(seconds))
    for seconds in _lower(act.gap_s):
        yield replace(act, gap_s=float(seconds))
    for count in _lower(act.after or 0):
        yield replace(act, after=count)
    if act.retry_after is not None:
        date = _DATE if act.retry_after.startswith(_DATE) else ""
        for seconds in _lower(_number(act.retry_after.removeprefix(_DATE))):
            yield replace(act, retry_after=f"{date}{seconds}")
            yield replace(act, retry_after=f"{seconds}")
    if act.retry_after_ms is not None:
        for seconds in _lower(_number(act.retry_after_ms) / 1000):
            yield replace(act, retry_after_ms=f"{seconds}000")
            yield replace(act, retry_after=f"{seconds}", retry_after_ms=None)
    if act.retry_info is not None:
        for seconds in _lower(_number(act.retry_info.removesuffix("s"))):
            yield replace(act, retry_info=f"{seconds}s")
            yield replace(act, retry_after=f"{seconds}", retry_info=None)


def _number(text: str) -> float:
    """Return the number that `text` is, 0 for any other text."""
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0.0


def _lower(value: float) -> list[int]:
    """Return whole numbers up to `value`, ever closer to it: enough to find the least one that will do."""
    top = math.ceil(value)
    return list(dict.fromkeys(top - (top >> shift) for shift in range(top.bit_length() + 1)))
