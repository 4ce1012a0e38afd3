"""Findings and verdicts: what a checker says about one history, and what a run says about an invariant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The three verdicts, and the fourth word for what the handler does not offer."""

    HELD = "held"
    VIOLATED = "violated"
    UNKNOWN = "unknown"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Finding:
    """One broken promise in one history.

    `code` is a row of the kind's table of finding codes; `expected` and `observed` are sentences in the
    words of the declaration; `provider` and `fault_class` tell bugs of one code apart; `at_s` is the
    virtual second of the event that was wrong.
    """

    code: str
    expected: str
    observed: str
    call: int = 0
    provider: str | None = None
    fault_class: str | None = None
    at_s: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What a run says about one invariant; an unknown has its reason."""

    status: Status
    reason: str = ""
