"""The bugs of class B (and A1) about retries and time, in the public list: by whom each is shown, and how.

A handler has that one bug and nothing else; what it is built on is right. The scenario is the minimal one,
exactly. Rows of class B about cooldowns stand in `calls_rows.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rows import Row

from llminv.scenario import Act, Call, Scenario, Script

RETRIES, DEADLINE = "retries-within-budget", "nobody-is-waited-for-too-long"


def after(*limited: str, operation: str = "acomplete", **last: Any) -> Scenario:
    """Return the scenario in which `limited` answer with 429, and the last of them does what `last` says."""
    *before, provider = limited
    rows = [Script(0, name, then=Act("http_429")) for name in before]
    return Scenario(
        (Call(operation),), (*rows, Script(0, provider, then=Act(**{"fault": "http_429", **last})))
    )


ALL = ("openai", "anthropic", "deepseek", "gemini")
ASKED_TO_WAIT = Scenario(
    (Call("acomplete"),), tuple(Script(0, name, then=Act("http_429", retry_after="51")) for name in ALL[:3])
)

ROWS: Mapping[str, Row] = {
    "A1": Row("retry/sdk_retries_underneath", RETRIES, "too_many_attempts", after("openai")),
    "B1": Row(
        "retry/timeouts_retried_underneath", RETRIES, "too_many_attempts", after("openai", "anthropic")
    ),
    "B2": Row(
        "retry/timeout_reset_to_default",
        DEADLINE,
        "connect_too_long",
        after("openai", fault="connect_timeout"),
    ),
    "B4": Row(
        "retry/time_checked_after_the_read",
        DEADLINE,
        "first_token_too_late",
        after("openai", operation="stream", fault="stall_with_pings"),
        "tests/kinds/timed_routers.py:Streams",
    ),
    "B5": Row("retry/deepseek_without_timeout", DEADLINE, "hang", after(*ALL[:3], fault="no_answer")),
    "B7": Row(
        "retry/pings_are_progress",
        DEADLINE,
        "idle_too_long",
        after("openai", operation="stream", fault="stall_with_pings", after=1),
        "tests/kinds/timed_routers.py:Streams",
    ),
    "B14": Row(
        "retry/anthropic_retry_after_unread",
        RETRIES,
        "retry_after_ignored",
        after("openai", "anthropic", retry_after="1"),
    ),
    "B16": Row("retry/limit_for_each_attempt_only", DEADLINE, "attempt_after_deadline", ASKED_TO_WAIT),
    "B17": Row(
        "retry/stream_without_retries", RETRIES, "too_few_attempts", after("openai", operation="astream")
    ),
    "B20": Row(
        "retry/gemini_timeout_without_effect",
        DEADLINE,
        "connect_too_long",
        after(*ALL, fault="connect_timeout"),
    ),
    "B22": Row(
        "retry/stream_retries_six_times", RETRIES, "too_many_attempts", after("openai", operation="astream")
    ),
    "B23": Row(
        "retry/retry_after_ms_unread", RETRIES, "retry_after_ignored", after("openai", retry_after_ms="1000")
    ),
    "B25": Row("retry/retried_by_the_words", RETRIES, "too_few_attempts", after("openai", fault="http_502")),
    "B26": Row("retry/own_backoff_only", RETRIES, "retry_after_ignored", after("openai", retry_after="1")),
    "B26, too long": Row(
        "retry/retry_after_without_cap", RETRIES, "waited_too_long", after("openai", retry_after="61")
    ),
    "B28": Row(
        "retry/error_inside_a_200", RETRIES, "too_few_attempts", after("openai", fault="error_inside")
    ),
    "B31": Row("retry/header_wait_never_ends", DEADLINE, "idle_too_long", after("openai", fault="stall")),
}

# Bugs without a handler here, and why.
OTHERS: Mapping[str, str] = {
    "B19": "the policy says what follows a broken stream, and of retrying one it says nothing",
}
