"""Public bugs of streams that are held back, or that go on when nobody listens: by whom each is shown, and how.

A handler has that one bug and nothing else; what it is built on, examples/raw, is right. The scenario is the
minimal one, exactly. A22 is a row of the public list, the others are named by their threads.
"""

from __future__ import annotations

from collections.abc import Mapping

from rows import Row, on_raw

from llminv.scenario import Act, Call, Said, Scenario, Script

AT_ONCE, STOPPED = "text-comes-as-it-is-said", "who-stops-is-left-alone"


def openai(act: Act, *calls: Call) -> Scenario:
    """Return the scenario in which openai does this to the first of the calls."""
    return Scenario(calls, (Script(0, "openai", then=act),))


ROWS: Mapping[str, Row] = {
    "A22": on_raw(
        "stops/stream_falls_through_to_complete",
        AT_ONCE,
        "first_text_too_late",
        openai(Act(said=Said(" a", 40), gap_s=1.0), Call("stream")),
    ),
    "litellm#30244": on_raw(
        "stops/wrapper_keeps_the_stream",
        STOPPED,
        "left_open",
        openai(Act(gap_s=1.0), Call("stream", stop_after=1), Call("stream", wait_s=2.0)),
    ),
    "lm-proxy#88": on_raw(
        "stops/thread_is_awaited",
        STOPPED,
        "left_open",
        openai(Act(gap_s=1.0), Call("stream", stop_after=1)),
    ),
    "freellmapi#518": on_raw(
        "stops/failover_goes_on",
        STOPPED,
        "asked_again",
        Scenario((Call("astream", stop_after_s=0.0),)),
    ),
    "openai-python#763": on_raw(
        "stops/connection_stays_out",
        STOPPED,
        "later_call_failed",
        Scenario((Call("stream", stop_after=1), Call("stream"))),
    ),
}
