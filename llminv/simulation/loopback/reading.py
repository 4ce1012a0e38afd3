"""Reading a scenario that somebody wrote by hand or in another language: all that is wrong with it is said.

The codec knows the shape of a scenario; whether it can be played depends on which providers there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from llminv.contract import OPERATIONS
from llminv.scenario import Act, Scenario
from llminv.simulation.faults import FAULTS

NEWLINES = (None, "lf", "crlf", "cr")
DELTAS = ("words", "whole", "characters")


def read_scenario(data: Any, providers: Collection[str]) -> Scenario:
    """Return the scenario in `data` (Any: JSON); raise ValueError for what cannot be played."""
    scenario = Scenario.from_json(data)
    problems = list(_problems(scenario, providers))
    if problems:
        raise ValueError("; ".join(problems))
    return scenario


def _problems(scenario: Scenario, providers: Collection[str]) -> Iterator[str]:
    for number, call in enumerate(scenario.calls):
        if call.operation not in OPERATIONS:
            yield _not_one(f"calls[{number}].operation", call.operation, OPERATIONS)
    for number, row in enumerate(scenario.acts):
        place = f"acts[{number}]"
        if not 0 <= row.call < len(scenario.calls):
            yield f"{place}.call: there is no call {row.call}"
        if row.provider not in providers:
            yield _not_one(f"{place}.provider", row.provider, providers)
        for index, act in enumerate(row.attempts):
            yield from _act_problems(f"{place}.attempts[{index}]", act)
        yield from _act_problems(f"{place}.then", row.then)


def _act_problems(place: str, act: Act) -> Iterator[str]:
    if act.fault is not None and act.fault not in FAULTS:
        yield _not_one(f"{place}.fault", act.fault, FAULTS)
    if act.framing is not None and act.framing.newline not in NEWLINES:
        yield _not_one(f"{place}.framing.newline", act.framing.newline, filter(None, NEWLINES))
    if act.said is not None and act.said.deltas not in DELTAS:
        yield _not_one(f"{place}.said.deltas", act.said.deltas, DELTAS)
    for name in ("delay_s", "gap_s"):
        if not 0 <= getattr(act, name) < float("inf"):
            yield f"{place}.{name}: expected a number of seconds from 0 on"
    if act.cut_every is not None and act.cut_every < 1:
        yield f"{place}.cut_every: expected a number of bytes from 1 on"


def _not_one(place: str, found: object, allowed: Collection[str] | Iterator[str]) -> str:
    return f"{place}: {found!r} is none of {', '.join(sorted(allowed))}"
