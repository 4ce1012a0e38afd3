"""The bugs of class E, about cost, in the public list: by whom each is shown, and how.

A handler has that one bug and nothing else; what it is built on is right. The scenario is the minimal one, as its
canonical text. `tiered` says that openai's model needs a tier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FORMULA, PROVENANCE = "cost-per-1k-tokens", "fallback-costs-what-served"


@dataclass(frozen=True)
class Row:
    """A handler of the folder `costs`, what it breaks, and the least that shows it."""

    handler: str
    invariant: str
    code: str
    minimal: str
    tiered: bool = False


def asks(usage: str) -> str:
    """Return the scenario of one call about this usage."""
    return f'{{"calls":[{{"operation":"cost","usage":{{{usage}}}}}]}}'


def bills(operation: str, *down: str, **said: str) -> str:
    """Return the scenario of one call that `down` fail and the provider of `said` answers with that usage."""
    acts = [f'{{"call":0,"provider":"{name}","then":{{"fault":"http_429"}}}}' for name in down]
    acts += [
        f'{{"call":0,"provider":"{name}","then":{{"said":{{"usage":{{{said[name]}}}}}}}}}' for name in said
    ]
    rows = f'"acts":[{",".join(acts)}],' if acts else ""
    return f'{{{rows}"calls":[{{"operation":"{operation}"}}]}}'


CACHED = '"cached_input_tokens":1,"input_tokens":1,"output_tokens":0'
WRITTEN = '"cache_write_tokens":1,"input_tokens":1,"output_tokens":0'
THOUGHT = '"input_tokens":0,"output_tokens":1,"reasoning_tokens":1'
ABOVE = '"input_tokens":1001,"output_tokens":0'
ABOVE_WITH_CACHED = '"cached_input_tokens":1,"input_tokens":1001,"output_tokens":0'
ONE = '"input_tokens":0,"output_tokens":1'


ROWS: Mapping[str, Row] = {
    "E1": Row("cache_writes_added_again", FORMULA, "wrong_cost", asks(WRITTEN)),
    "E4": Row(
        "stream_counts_cache_writes_twice",
        PROVENANCE,
        "wrong_cost",
        bills("stream", "openai", anthropic=WRITTEN),
    ),
    "E5": Row("cache_writes_dropped", FORMULA, "wrong_cost", asks(WRITTEN)),
    "E7": Row("no_price_above_the_threshold", FORMULA, "wrong_cost", asks(ABOVE), tiered=True),
    "E8": Row("streams_cost_nothing", PROVENANCE, "wrong_cost", bills("stream")),
    "E10": Row("every_way_its_price", PROVENANCE, "wrong_cost", bills("stream")),
    "E11": Row("usage_ignored_in_a_way", PROVENANCE, "wrong_cost", bills("complete")),
    "E14": Row("per_1k_times_tokens", FORMULA, "wrong_cost", asks(ONE)),
    "E16": Row("tiers_are_incremental", FORMULA, "wrong_cost", asks(ABOVE), tiered=True),
    "E17": Row("tier_without_what_is_cached", FORMULA, "wrong_cost", asks(ABOVE_WITH_CACHED), tiered=True),
    "E19": Row(
        "thoughts_not_billed",
        PROVENANCE,
        "wrong_cost",
        bills("complete", "openai", "anthropic", "deepseek", gemini=THOUGHT),
    ),
    "E20": Row("cached_counted_twice", FORMULA, "wrong_cost", asks(CACHED)),
    "E22": Row("cached_at_full_price", FORMULA, "wrong_cost", asks(CACHED)),
    "E23": Row("stream_bills_without_cached", PROVENANCE, "wrong_cost", bills("stream", openai=CACHED)),
    "E25": Row(
        "input_below_zero", PROVENANCE, "negative_cost", bills("complete", "openai", anthropic=CACHED)
    ),
    "E26": Row("a_path_without_the_ratio", PROVENANCE, "wrong_cost", bills("complete")),
    "E28": Row(
        "cache_hits_cost",
        PROVENANCE,
        "cost_without_request",
        '{"calls":[{"operation":"complete"},{"operation":"complete"}]}',
    ),
}

# Bugs without a handler here, and why.
OTHERS: Mapping[str, str] = {
    "E2": "the thread does not say what was wrong: any of E1, E4, E20 and E22 shows so",
}
