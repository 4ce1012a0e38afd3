"""Saboteurs of the clock: the handler's runs slow or fast, so that all its pauses and timeouts are wrong.

That is what a mistaken unit, or a default in place of a setting, comes to: the handler does all that it
does by its own clock, and to the world it is too late or too early.
"""

from __future__ import annotations

from typing import ClassVar

from llminv.saboteurs.interface import Boundary, Plant, Saboteur


class SlowClock(Plant):
    """Eight seconds pass in the world while one passes for the handler."""

    rate: ClassVar[float] = 1 / 8


class FastClock(Plant):
    """Eight seconds pass for the handler while one passes in the world."""

    rate: ClassVar[float] = 8.0


ROWS = (
    Saboteur(
        "slow_clock",
        Boundary.CLOCK,
        (
            "connect_too_long",
            "first_token_too_late",
            "idle_too_long",
            "attempt_too_long",
            "call_too_long",
            "waited_too_long",
            "backoff_too_long",
        ),
        "waits eight times as long as it should, wherever it waits",
        "https://github.com/BerriAI/litellm/issues/7001",
        SlowClock,
    ),
    Saboteur(
        "fast_clock",
        Boundary.CLOCK,
        ("live_answer_killed", "retry_after_ignored", "backoff_too_short", "called_in_cooldown"),
        "waits an eighth of the time that it should, wherever it waits",
        "https://github.com/vercel/ai/issues/7247",
        FastClock,
    ),
)
