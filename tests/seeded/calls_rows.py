"""Public bugs that show over several calls, or in several ways of one: the handler that has each, and its minimum.

The rows are those of the table of public bugs, by its ids; what it has not is named by its thread. A row names the invariant and the finding code, and the
minimal scenario as its canonical text. Where what is declared has to be another, `policy` and `failures` say in what.
A row without a handler says why none behind the contract can show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    handler: str = ""
    invariant: str = ""
    code: str = ""
    minimal: str = ""
    # Fields of the declared policy, JSON as declared, hence Any.
    policy: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    reason: str = ""


def cooldown(after_failures: int) -> Mapping[str, Any]:
    faults = ["rate_limit", "server_error", "timeout", "unavailable", "invalid_key"]
    return {"cooldown": {"after_failures": after_failures, "seconds": 60, "faults": faults}}


ROWS: Mapping[str, Row] = {
    "A7": Row(
        "sync_stream_without_fallback",
        "every-way-the-same",
        "attempts_differ",
        '{"acts":[{"call":-1,"provider":"openai","then":{"fault":"http_429"}}],'
        '"calls":[{"operation":"complete"},{"operation":"stream"}]}',
    ),
    "A13": Row(
        "async_stream_timeout_without_fallback",
        "every-way-the-same",
        "attempts_differ",
        '{"acts":[{"call":-1,"provider":"openai","then":{"fault":"no_answer"}}],'
        '"calls":[{"operation":"complete"},{"operation":"astream"}]}',
    ),
    "A20": Row(
        reason="a wrapper that hides an operation of what it wraps does not offer it: listed as not offered"
    ),
    "A25": Row(
        "only_the_opening_is_guarded",
        "every-way-the-same",
        "attempts_differ",
        '{"acts":[{"call":-1,"provider":"openai","then":{"fault":"truncated"}}],'
        '"calls":[{"operation":"complete"},{"operation":"astream"}]}',
        failures=("http_429", "truncated"),
    ),
    "A35": Row(
        "error_carried_over",
        "concurrent-calls-stay-apart",
        "error_mixed",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}},'
        '{"call":0,"provider":"anthropic","then":{"fault":"http_429"}},'
        '{"call":0,"provider":"deepseek","then":{"fault":"http_429"}},'
        '{"call":0,"provider":"gemini","then":{"fault":"http_429"}}],'
        '"calls":[{"operation":"acomplete"},{"operation":"acomplete"}]}',
    ),
    "B8": Row(
        "keeps_the_first_deadline",
        "no-undeclared-cooldown",
        "called_in_cooldown",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}},'
        '{"call":1,"provider":"openai","then":{"fault":"no_answer"}}],'
        '"calls":[{"operation":"acomplete"},{"joins":true,"operation":"acomplete"},'
        '{"operation":"acomplete","wait_s":1.0}]}',
        cooldown(1),
    ),
    "B10": Row(
        "no_cooldown_is_the_default_one",
        "no-undeclared-cooldown",
        "left_alone",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}}],'
        '"calls":[{"operation":"acomplete"},{"operation":"acomplete"}]}',
    ),
    "B11": Row(
        "single_deployment_never_cools",
        "no-undeclared-cooldown",
        "called_in_cooldown",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}},'
        '{"call":1,"provider":"openai","then":{"fault":"http_429"}},'
        '{"call":2,"provider":"openai","then":{"fault":"http_429"}}],'
        '"calls":[{"operation":"acomplete"},{"operation":"acomplete"},{"operation":"acomplete"},'
        '{"operation":"acomplete"}]}',
        cooldown(3),
    ),
    "B13": Row(
        reason="what happens when all providers are in cooldown is a wish, and the policy has no field for it"
    ),
    "litellm#23091": Row(
        "refused_requests_cool",
        "no-undeclared-cooldown",
        "left_alone",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_400"}}],'
        '"calls":[{"operation":"acomplete"},{"operation":"acomplete"}]}',
        cooldown(1),
        ("http_429",),
    ),
    "deer-flow#3991": Row(
        "trial_never_given_back",
        "no-undeclared-cooldown",
        "left_alone",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}},'
        '{"call":1,"provider":"openai","then":{"fault":"http_400"}}],'
        '"calls":[{"operation":"acomplete"},{"operation":"acomplete","wait_s":60.0},'
        '{"operation":"acomplete","wait_s":61.0}]}',
        cooldown(1),
        ("http_429",),
    ),
    "B29": Row(
        "no_memory_of_failures",
        "no-undeclared-cooldown",
        "called_in_cooldown",
        '{"acts":[{"call":0,"provider":"openai","then":{"fault":"http_429"}},'
        '{"call":1,"provider":"openai","then":{"fault":"http_429"}}],'
        '"calls":[{"operation":"acomplete"},{"operation":"acomplete"},{"operation":"acomplete"}]}',
        cooldown(2),
    ),
}
