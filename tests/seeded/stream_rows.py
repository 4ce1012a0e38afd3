"""The bugs of class C about the text of streams, in the public list: by whom each is shown, and how.

A handler has that one bug and nothing else; what it is built on, examples/raw, is right. The scenario is the
minimal one, exactly. The rows about how answers end, what they use and which tools they call stand in
`finish_rows.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rows import Row, on_raw

from llminv.scenario import Act, Call, Framing, Said, Scenario, Script

WHOLE, BYTES, EXHAUSTION = (
    "streams-reach-the-consumer-whole",
    "bytes-do-not-matter",
    "exhaustion-names-every-provider",
)
CHAIN = ("openai", "anthropic", "deepseek", "gemini")


def one(provider: str = "openai", **act: Any) -> Scenario:
    """Return the scenario in which a stream gets to `provider`, which does this; Any: the fields of an act."""
    before = CHAIN[: CHAIN.index(provider)]
    rows = (Script(0, name, then=Act("http_503")) for name in before)
    return Scenario((Call("stream"),), (*rows, Script(0, provider, then=Act(**act))))


ALL_DOWN = Scenario(
    (Call("complete"),),
    (
        *(Script(0, name, then=Act("http_429")) for name in CHAIN[:3]),
        Script(0, "gemini", then=Act("error_inside")),
    ),
)

ROWS: Mapping[str, Row] = {
    "C1": on_raw(
        "streams/reset_is_the_end", WHOLE, "truncated_as_complete", one(fault="body_reset", after=1)
    ),
    "C2": on_raw("streams/final_chunk_made_up", WHOLE, "truncated_as_complete", one(fault="truncated")),
    "C4": on_raw(
        "streams/error_event_ends_the_answer", WHOLE, "truncated_as_complete", one(fault="error_inside")
    ),
    "C7": on_raw(
        "streams/cut_is_forwarded_as_the_end",
        WHOLE,
        "truncated_as_complete",
        one(fault="body_closed", after=1),
    ),
    "C8": on_raw(
        "streams/stop_reason_by_default", WHOLE, "truncated_as_complete", one("anthropic", fault="truncated")
    ),
    "C10": on_raw("streams/lines_end_at_u2028", WHOLE, "whole_as_error", one(said=Said(text="\u2028"))),
    "C11": on_raw("streams/half_lines_are_skipped", WHOLE, "text_lost", one(said=Said(text="\u2028"))),
    "C13": on_raw(
        "streams/each_read_decoded_alone", BYTES, "text_changed", one(said=Said(text="é"), cut_every=1)
    ),
    "C14": on_raw("streams/each_read_parsed_alone", BYTES, "not_read", one(cut_every=1)),
    "C16": on_raw("streams/comments_become_data", BYTES, "not_read", one(framing=Framing(comments=True))),
    "C17": on_raw("streams/every_event_is_json", BYTES, "not_read", one(framing=Framing(empty_events=True))),
    "C19": on_raw("streams/bare_error_crashes", EXHAUSTION, "wrong_error", ALL_DOWN),
    "C20": on_raw(
        "streams/first_choice_unguarded", WHOLE, "whole_as_error", one(framing=Framing(empty_choices_at=0))
    ),
    "C31": on_raw(
        "streams/asked_again_after_content", WHOLE, "attempts_mixed", one(fault="error_inside", after=1)
    ),
    "dify#36584": on_raw(
        "streams/thoughts_are_text", WHOLE, "text_added", one("deepseek", said=Said(reasoning="a"))
    ),
}
