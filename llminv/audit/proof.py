"""What became of the saboteurs, as values; `prove` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What became of a saboteur."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Proof:
    """What became of one saboteur that aimed at one finding code of an invariant.

    `result` is a value of Result; `scenarios` is how many were played until it was caught, or in all;
    `reason` says why it survived or does not apply. One that `forges` proves the checker alone.
    """

    code: str
    saboteur: str
    result: str
    scenarios: int = 0
    reason: str = ""
    forges: bool = False
