"""The scripts of the conformance test: what the first provider does, by name."""

from __future__ import annotations

from llminv.scenario import Act, Framing, Said
from llminv.simulation.faults import FAULTS, Effect, Where

# Slow, but within a client's limit of 0.3 s.
SLOW = {"slow_headers": {"delay_s": 0.05}, "slow_drip": {"gap_s": 0.01}}
# Effects that can come after a part of the answer; pings look like a stall within 0.3 s.
BREAKING = (Effect.SILENCE, Effect.RESET, Effect.CLOSE, Effect.END, Effect.ERROR_INSIDE)
MIXED = Said(text="Grüße, 世界 👋 \r\n und \\ mehr")

FRAMINGS = {
    "crlf": Framing(newline="crlf"),
    "cr": Framing(newline="cr"),
    "lf": Framing(newline="lf"),
    "no space": Framing(space=False),
    "comments": Framing(comments=True),
    "ids": Framing(ids=True),
    "retries": Framing(retries=True),
    "multi-line": Framing(multi_line=True),
    "empty events": Framing(empty_events=True),
    "unknown events": Framing(unknown_events=True),
    "escaped": Framing(escaped=True),
    "no done": Framing(done=False),
    "usage first": Framing(usage_at=0),
    "empty choices first": Framing(empty_choices_at=0),
}

BROKEN = [fault.name for fault in FAULTS.values() if fault.effect in BREAKING and fault.where is Where.BODY]

PERSISTENT = {
    "answer": Act(),
    **{name: Act(name, **SLOW.get(name, {})) for name in FAULTS},
    **{f"{name} after 2": Act(name, after=2) for name in BROKEN},
    "byte by byte": Act(said=MIXED, cut_every=1),
    "seven by seven": Act(said=MIXED, cut_every=7),
    "cut at places": Act(said=MIXED, cuts=(1, 9, 17, 40)),
    "cut everywhere": Act(said=MIXED, cuts=tuple(range(0, 2_000, 13))),
    "a long text": Act(said=Said(text="0123456789", times=20_000, deltas="whole")),
    "reset byte by byte": Act("body_reset", after=2, cut_every=1),
    "reset after a long text": Act("body_reset", after=1, said=Said(text="0123456789", times=20_000)),
    "a pause before and between": Act(delay_s=0.02, gap_s=0.005),
}
STREAMED = {
    **{f"framing: {name}": Act(framing=framing, said=MIXED) for name, framing in FRAMINGS.items()},
    "framing: crlf, byte by byte": Act(framing=Framing(newline="crlf"), said=MIXED, cut_every=1),
    "characters": Act(said=Said(text="Grüße 👋", deltas="characters")),
    "whole": Act(said=Said(text="Grüße 👋", deltas="whole")),
}
# The first attempts, in order; after them the provider answers.
SEQUENCES = {
    "http_429, then an answer": (Act("http_429"),),
    "connection_refused, then an answer": (Act("connection_refused"),),
    "connection_reset, then an answer": (Act("connection_reset"),),
    "connection_closed, then an answer": (Act("connection_closed"),),
    "http_500, then connection_refused": (Act("http_500"), Act("connection_refused")),
    "keepalive_dropped on an error, then an answer": (Act("http_503", cut_every=5),),
}
