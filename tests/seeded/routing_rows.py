"""The bugs of class A in the public list of bugs of LLM handlers: by whom each is shown, and how.

A handler has that one bug and nothing else; what it is built on is right (the example, or a router of the
tests where streams matter). The scenario is the minimal one, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rows import Row

from llminv.scenario import Act, Call, Said, Scenario, Script

CHAIN = ("openai", "anthropic", "deepseek", "gemini")


def down(*providers: str, fault: str = "http_429", operation: str = "acomplete", **fields: Any) -> Scenario:
    """Return the scenario in which each of `providers` is down with `fault`."""
    rows = (Script(0, provider, then=Act(fault, **fields)) for provider in providers)
    return Scenario((Call(operation),), tuple(rows))


def streamed(handler: str, scenario: Scenario) -> Row:
    """Return the row of a handler that streams."""
    right = "tests/kinds/whole_router.py:WholeRouter"
    return Row(handler, TRIGGER, "not_moved_on", scenario, right)


ORDER, TRIGGER, EXHAUSTION = (
    "provider-fallback-chain",
    "fallback-on-declared-faults",
    "exhaustion-names-every-provider",
)
MEANING, SERVED, KEYS = (
    "requests-keep-their-meaning",
    "replies-name-who-served-them",
    "keys-stay-with-their-provider",
)

ROWS: Mapping[str, Row] = {
    "A2": Row("broken/rate_limit_not_caught", TRIGGER, "not_moved_on", down("openai")),
    "A4": Row("routing/ends_in_itself", EXHAUSTION, "never_ends", down(*CHAIN)),
    "A5": Row("routing/walks_in_a_circle", ORDER, "out_of_order", down(*CHAIN)),
    "A7": streamed(
        "routing/stream_guards_opening_only", down("openai", fault="rate_limit_inside", operation="stream")
    ),
    "A8": Row("routing/model_given_twice", TRIGGER, "not_moved_on", down("openai", fault="key_rejected")),
    "A10": Row("routing/model_of_the_first", SERVED, "wrong_model", down("openai")),
    "A11": Row("routing/path_of_the_first", MEANING, "wrong_path", down("openai")),
    "A13": streamed("routing/stream_without_fallback", down("openai", operation="stream")),
    "A14": streamed(
        "routing/stream_overloaded",
        Scenario(
            (Call("stream"),),
            (
                Script(0, "openai", then=Act("http_429")),
                Script(0, "anthropic", then=Act("overloaded_inside")),
            ),
        ),
    ),
    "A16": Row("routing/headers_forwarded", KEYS, "key_leaked", down("openai", "anthropic")),
    "A17": Row("broken/openai_key_to_anthropic", KEYS, "key_leaked", down("openai")),
    "A19": Row(
        "routing/empty_is_a_failure",
        TRIGGER,
        "answer_refused",
        Scenario((Call("acomplete"),), (Script(0, "openai", then=Act(said=Said(text=""))),)),
    ),
    "A23": Row("routing/first_error_only", EXHAUSTION, "provider_not_named", down(*CHAIN)),
    "A25": streamed("routing/stream_open_is_enough", down("openai", fault="empty_200", operation="stream")),
    "A26": Row(
        "routing/status_401_ends_the_loop", TRIGGER, "not_moved_on", down("openai", fault="key_rejected")
    ),
    "A28": Row(
        "routing/unknown_status_is_terminal", TRIGGER, "not_moved_on", down("openai", fault="http_502")
    ),
    "A29": streamed(
        "routing/stream_begins_with_any_event",
        down("openai", fault="error_inside", operation="stream", after=0),
    ),
    "A31": Row(
        "routing/catalog_beyond_the_chain",
        ORDER,
        "outside_chain",
        down(*CHAIN[:3]),
        "tests/seeded/routing/catalog_beyond_the_chain.py:Right",
        {"chain": CHAIN[:3]},
    ),
    "A32": Row("routing/key_of_the_original", KEYS, "key_leaked", down("openai", "anthropic")),
    "A34": Row("routing/only_what_passes", TRIGGER, "not_moved_on", down("openai", fault="key_rejected")),
    "A35": Row(
        "routing/error_200_is_content", TRIGGER, "returned_as_content", down("openai", fault="error_inside")
    ),
    "A37": Row(
        "routing/beyond_the_start",
        ORDER,
        "outside_chain",
        Scenario((Call("acomplete", start="gemini"),), (Script(0, "gemini", then=Act("http_429")),)),
        policy={"start": "any"},
    ),
    "A40": Row("routing/two_take_turns", ORDER, "out_of_order", down("openai", "anthropic")),
}

# Why no handler behind this contract shows a bug to these kinds, or where it is shown instead.
OTHERS: Mapping[str, str] = {
    "A1": "retries of an SDK underneath are of the kind retry_budget: retry/sdk_retries_underneath.py",
    "A20": "an operation that a wrapper hides is not offered: a run lists it, and accuses nobody",
    "A22": "that a stream comes all at once shows in the times of its chunks: stops/stream_falls_through_to_complete.py",
    "A38": "that the text of a stream is lost after a fallback is for a kind that looks at streamed text",
}
