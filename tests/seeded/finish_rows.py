"""The bugs of class C about how answers end, what they use and which tools they call, in the public list.

Two more, with their threads, came out of a trial with handlers that nobody here had seen.

A handler has that one bug and nothing else; what it is built on, examples/raw, is right. The scenario is the
minimal one, exactly. A pair of calls is minimal where the first shows that a field is reported at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from rows import Row, on_raw

from llminv.contract import ToolCall
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script

ENDINGS, TOOLS = "endings-and-usage-come-through", "tool-calls-come-through"
CHAIN = ("openai", "anthropic", "deepseek", "gemini")


def one(provider: str = "openai", **said: object) -> Scenario:
    """Return the scenario in which a call gets to `provider`, which says this."""
    before = CHAIN[: CHAIN.index(provider)]
    rows = (Script(0, name, then=Act("http_429")) for name in before)
    acts = (Script(0, provider, then=Act(said=Said(**said))),) if said else ()
    return Scenario((Call("complete"),), (*rows, *acts))


def calling(*said: Mapping[str, object]) -> Scenario:
    """Return the scenario of as many calls, in each of which openai says this."""
    acts = (Script(number, "openai", then=Act(said=Said(**each))) for number, each in enumerate(said))
    return Scenario((Call("complete"),) * len(said), tuple(acts))


USAGE_ELSEWHERE = Scenario(
    (Call("complete"), Call("complete")), (Script(1, "openai", then=Act(framing=Framing(usage_at=0))),)
)
SOME = ToolCall(name="a", arguments='{"a":0}')

ROWS: Mapping[str, Row] = {
    "C5": on_raw(
        "finish/limit_reads_as_stop", ENDINGS, "wrong_finish_reason", one("anthropic", finish_reason="length")
    ),
    "C22": on_raw(
        "finish/calls_by_index_alone",
        TOOLS,
        "call_lost",
        one(tool_calls=(ToolCall(name="a"),) * 2, tool_fragments="at_once", tool_index="repeated"),
    ),
    "C23": on_raw(
        "finish/fragments_to_the_latest_call",
        TOOLS,
        "arguments_changed",
        one(tool_calls=(SOME, ToolCall(name="a")), tool_fragments="interleaved"),
    ),
    "langchain#27602": on_raw(
        "finish/needs_arguments",
        TOOLS,
        "call_lost",
        calling({"tool_calls": (ToolCall(name="a", arguments="{}"),)}, {"tool_calls": (ToolCall(name="a"),)}),
    ),
    "OpenHands#5307": on_raw(
        "finish/needs_text",
        TOOLS,
        "call_lost",
        calling({"tool_calls": (ToolCall(name="a"),)}, {"tool_calls": (ToolCall(name="a"),), "text": "a"}),
    ),
    "C25": on_raw(
        "finish/finish_is_always_stop", ENDINGS, "wrong_finish_reason", one(finish_reason="length")
    ),
    "C26": on_raw(
        "finish/safety_reads_as_stop",
        ENDINGS,
        "wrong_finish_reason",
        one("gemini", finish_reason="content_filter"),
    ),
    "C28": on_raw("finish/usage_of_the_last_chunk", ENDINGS, "usage_lost", USAGE_ELSEWHERE),
    "C29": on_raw("finish/over_at_the_finish_reason", ENDINGS, "wrong_usage", one()),
}
