"""The bugs of class D in the public list: by whom each is shown, and how.

A handler of the folder `tokens` is the example handler with that one bug. The scenario is the minimal one, exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llminv.contract import Message
from llminv.declaration.usage import read_usage
from llminv.kinds.laws.token_growth import SENTENCE, TOOL
from llminv.scenario import Call, Scenario

ACCURACY, TOTALITY = "token-counting-accuracy", "token-counting-never-fails"


@dataclass(frozen=True)
class Row:
    """A handler, what it breaks, and the least that shows it."""

    handler: str
    invariant: str
    code: str
    scenario: Scenario


def counts(**what: Any) -> Scenario:
    return Scenario((Call("count_tokens", **what),))


def grows(before: Call, after: Call) -> Scenario:
    return Scenario((before, after))


def parts(*texts: str) -> tuple[Message, ...]:
    return ({"role": "user", "content": [{"type": "text", "text": text} for text in texts]},)


USAGE = Path(__file__).parents[2] / "invariants/usage/anthropic.jsonl"
# The prompt with a tool of which Anthropic's documentation says that it has 403 tokens.
WITH_TOOL = next(line for line in read_usage([USAGE]) if line.tools)
CLAUDE = counts(
    provider="anthropic", model=WITH_TOOL.model, messages=WITH_TOOL.messages, tools=WITH_TOOL.tools
)
HELLO = Call("count_tokens")
FINE_TUNED = "ft:gpt-4o-mini-2024-07-18:acme::x"
A_CALL = {"id": "a", "type": "function", "function": {"name": "ping", "arguments": "{}"}}
PING = {
    "type": "function",
    "function": {"name": "ping", "description": "a", "parameters": {"type": "object"}},
}
CALLING = counts(
    messages=(
        {"role": "assistant", "tool_calls": [A_CALL]},
        {"role": "tool", "tool_call_id": "a", "content": "a"},
    ),
    tools=(PING,),
)


def calling(arguments: str) -> Call:
    """A count of a call with such arguments, and of its result."""
    called = {**A_CALL, "function": {"name": "ping", "arguments": arguments}}
    said = {"role": "assistant", "content": None, "tool_calls": [called]}
    return Call("count_tokens", messages=(said, {"role": "tool", "tool_call_id": "a", "content": "a"}))


ROWS: Mapping[str, Row] = {
    "D2": Row(
        "only_the_first_part",
        TOTALITY,
        "not_counted",
        grows(
            Call("count_tokens", messages=parts("Say hello.")),
            Call("count_tokens", messages=parts("Say hello.", SENTENCE)),
        ),
    ),
    "D4": Row("gpt_tokenizer_for_claude", ACCURACY, "too_low", CLAUDE),
    "D5": Row("tools_ignored", TOTALITY, "not_counted", grows(HELLO, Call("count_tokens", tools=(TOOL,)))),
    "D7": Row("special_tokens_disallowed", TOTALITY, "raised", counts(text="<|endoftext|>")),
    "D10": Row("old_tokenizer_for_claude", ACCURACY, "too_low", CLAUDE),
    "D11": Row("fine_tuned_is_old", ACCURACY, "too_high", counts(model=FINE_TUNED, text="漢漢漢漢")),
    "D13": Row("unknown_model_raises", TOTALITY, "raised", counts(model="some-new-model")),
    "D14": Row("long_runs_overflow", TOTALITY, "raised", counts(text="\u2028", times=1_000_000)),
    "D16": Row("content_must_be_text", TOTALITY, "raised", CALLING),
    "D17": Row("only_old_models", TOTALITY, "raised", counts()),
    "D20": Row("a_margin_for_claude", ACCURACY, "too_low", CLAUDE),
    "D22": Row("four_characters_a_token", ACCURACY, "too_low", counts(text="éééééé")),
    "D24": Row("only_the_beginning", ACCURACY, "too_low", counts(text="a", times=5_000)),
    "D25": Row(
        "kept_by_the_beginning",
        ACCURACY,
        "too_low",
        grows(Call("count_tokens", text="a", times=200), Call("count_tokens", text="a", times=500)),
    ),
    "D26": Row(
        "kept_for_any_model",
        ACCURACY,
        "too_low",
        grows(Call("count_tokens", text="漢漢漢漢"), Call("count_tokens", model="gpt-4", text="漢漢漢漢")),
    ),
    "D27": Row(
        "calls_ignored",
        TOTALITY,
        "not_counted",
        grows(calling("{}"), calling(json.dumps({"note": SENTENCE}))),
    ),
}

# Bugs without a handler here, and why.
OTHERS: Mapping[str, str] = {
    "D1": "what an image costs is not known to any oracle, and the example handler takes none",
    "D19": "the overhead of tool_choice is 1 to 8 tokens, less than the floor of a prompt",
    "D23": "usage of a stream, not a count: the kinds stream_finish and attribution (C28, C29)",
}
