"""The values in the options of an act: how plain and how small they are, and plainer and smaller ones.

Plain is what is said in whole seconds, advice that stands in a Retry-After, the provider's own framing, and
bytes that come one by one or all at once: a cut in one place is no simpler than one in every place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import fields, replace

from llminv.scenario import Act, Framing

# What `Act.retry_after` begins with where it is a date.
_DATE = "date:"
# The ends of a line, the simplest first.
_NEWLINES = ("lf", "crlf", "cr")


def plainness(act: Act) -> int:
    """Return how far the options of an act are from plain ones, 0 for an act without any."""
    forms = (
        (act.retry_after, r"[0-9]+", 0),
        (act.retry_after, rf"{_DATE}[0-9]+", 1),
        (act.retry_after_ms, "[0-9]+000", 1),
        (act.retry_info, "[0-9]+s", 1),
    )
    plain = [rank for text, form, rank in forms if text is not None and re.fullmatch(form, text)]
    advice = [text for text in (act.retry_after, act.retry_after_ms, act.retry_info) if text is not None]
    crooked = sum(not float(seconds).is_integer() for seconds in (act.delay_s, act.gap_s))
    cuts = len(act.cuts) + (act.cut_every not in (None, 1))
    added = act.framing is not None and act.framing.empty_choices_at is not None
    return sum(plain) + 2 * (len(advice) - len(plain)) + crooked + len(_changed(act.framing)) + cuts + added


def amount(act: Act) -> float:
    """Return the sum of the numbers in the options of an act."""
    advice = (act.retry_after, act.retry_after_ms, act.retry_info)
    found = [re.search("[0-9]+", text or "") for text in advice]
    framing = act.framing or Framing()
    places = (framing.usage_at or 0) + (framing.empty_choices_at or 0) + sum(act.cuts) + (act.cut_every or 0)
    newline = _NEWLINES.index(framing.newline) if framing.newline else 0
    advised = sum(int(match[0]) for match in found if match)
    return act.delay_s + act.gap_s + (act.after or 0) + act.pieces + advised + places + newline


def simpler(act: Act) -> Iterator[Act]:
    """Yield acts with smaller numbers in whole seconds, plainer forms of the same advice, plainer bytes."""
    for seconds in _lower(act.delay_s):
        yield replace(act, delay_s=float(seconds))
    for seconds in _lower(act.gap_s):
        yield replace(act, gap_s=float(seconds))
    yield from (replace(act, pieces=number) for number in _lower(act.pieces) if number)
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
    if act.framing is not None:
        yield from (replace(act, framing=framing) for framing in _plainer(act.framing))
    if act.cuts or act.cut_every is not None:
        yield replace(act, cuts=(), cut_every=1)
        yield from (replace(act, cut_every=every) for every in _lower(act.cut_every or 0) if every)
    for index in range(len(act.cuts)):
        yield replace(act, cuts=act.cuts[:index] + act.cuts[index + 1 :])


def _changed(framing: Framing | None) -> list[str]:
    """Return the names of the fields in which a framing is not the provider's own."""
    return [
        field.name
        for field in fields(Framing)
        if framing is not None and getattr(framing, field.name) != field.default
    ]


def _plainer(framing: Framing) -> Iterator[Framing]:
    """Yield the framings without each change, and with simpler ones."""
    for name in _changed(framing):
        yield replace(framing, **{name: getattr(Framing(), name)})
    for newline in _NEWLINES if framing.newline else ():
        yield replace(framing, newline=newline)
    yield from (replace(framing, usage_at=less) for less in _lower(framing.usage_at or 0))
    yield from (replace(framing, empty_choices_at=less) for less in _lower(framing.empty_choices_at or 0))
    if framing.empty_choices_at is not None:  # what is moved is less than what is added
        yield replace(framing, usage_at=0, empty_choices_at=None)


def _number(text: str) -> float:
    """Return the number that `text` is, 0 for any other text."""
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0.0


def _lower(value: float) -> list[int]:
    """Return whole numbers up to `value`, ever closer to it: enough to find the least one that will do."""
    top = math.ceil(value)
    return list(dict.fromkeys(top - (top >> shift) for shift in range(top.bit_length() + 1)))
