"""stream_framing: the answer does not depend on how the bytes of a stream were cut, nor on their framing.

The standard of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) lets the
same events stand in many ways: three ends of a line; a space after the colon or none; comments, ids and retry
times before events; data on several lines; events without any data, which the standard does not dispatch;
events of an unknown name, which providers that name theirs ask clients to skip. JSON may be escaped, and the
network cuts bytes wherever it likes: in a character, in CR LF, in a line.
None of that is the provider's to promise or the handler's to rely on, so each of them is played at each
provider, alone and together with others. The text that the provider said is what the consumer gets. How the
answer ended, what it used and which tools it calls, the consumer is told as it is of the same answer in plain
bytes, which the provider gives to the call before. Ids of calls are not compared: a handler may make them.

`framings` narrows what is played, for a handler whose client library is known not to read all of it. Whether
what is told in plain bytes is right is the affair of stream_completion, stream_finish and tool_calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from llminv.contract import Usage
from llminv.declaration.fields import Choice
from llminv.history import History, Raised, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import called, routing, streams
from llminv.kinds.laws.fragments import calls_of
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.routing import RoutingInvariant, told
from llminv.kinds.laws.served import Served, all_served, pair
from llminv.kinds.laws.streams import TEXT_CODES, Take, readable
from llminv.kinds.laws.texts import SCRIPTS, recipes
from llminv.kinds.laws.ways import reported_usage
from llminv.scenario import Act, Call, Framing, Said, Scenario
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "not_read": "The same events, in other bytes, were an error, or passed on to another provider.",
    **TEXT_CODES,
    "ending_changed": "The same events, in other bytes, had another finish reason, usage or calls of tools.",
    **routing.STOPPED_CODES,
}

FramingName = Annotated[
    Literal[
        "lf",
        "crlf",
        "cr",
        "no_space",
        "comments",
        "ids",
        "retries",
        "multi_line",
        "empty_events",
        "unknown_events",
        "escaped",
        "cuts",
    ],
    Choice(),
]
# What each name changes of a framing; cuts leave it as it is.
FRAMINGS: Mapping[str, Framing] = MappingProxyType(
    {
        "lf": Framing(newline="lf"),
        "crlf": Framing(newline="crlf"),
        "cr": Framing(newline="cr"),
        "no_space": Framing(space=False),
        "comments": Framing(comments=True),
        "ids": Framing(ids=True),
        "retries": Framing(retries=True),
        "multi_line": Framing(multi_line=True),
        "empty_events": Framing(empty_events=True),
        "unknown_events": Framing(unknown_events=True),
        "escaped": Framing(escaped=True),
        "cuts": Framing(),
    }
)
# The formats that name their events, so that there can be names which a client does not know.
_NAMES_EVENTS = frozenset({"anthropic-messages"})
# Characters of one to four bytes, and one that some take for the end of a line.
_SAID = Said(text="aé漢😀\u2028 b", deltas="characters")
# An answer with all that can stand behind its text.
_ENDING = Said(tool_calls=(called.looked_up(0, text="é漢\u2028"),), usage=Usage(17, 13, 2, None, 3))
# A line so long that it comes in many reads.
_LONG = Act(said=Said(text="a漢", times=8_000, deltas="whole"), cut_every=1_000)
CHARACTERS_MAX = 120
CUTS_MAX = 3
# A response to a short text is about so long.
BYTES_MAX = 4_000
SIZES = (1, 2, 3, 7, 64, 1_000)


class StreamFraming(RoutingInvariant):
    """The YAML fields; without `framings`, all of them are played."""

    framings: Annotated[tuple[FramingName, ...], Field(min_length=1)] | None = None


def _framings(promise: Promise) -> tuple[str, ...]:
    if not isinstance(promise.invariant, StreamFraming):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    declared = promise.invariant.framings
    return tuple(name for name in FRAMINGS if declared is None or name in declared)


def _framings_at(promise: Promise, provider: str) -> tuple[str, ...]:
    """Return the framings in which `provider` can say something."""
    named = promise.providers[provider].dialect in _NAMES_EVENTS
    return tuple(name for name in _framings(promise) if named or name != "unknown_events")


# What is played


def _together(names: Sequence[str], said: Said) -> Act:
    """Return the act that says `said` in all the ways of `names` at once; of ends of a line the last one."""
    framing = Framing()
    for name in names:
        framing = replace(framing, **_changes(FRAMINGS[name]))
    shown = None if framing == Framing() else framing
    return Act(said=said, framing=shown, cut_every=1 if "cuts" in names else None)


def _changes(framing: Framing) -> dict[str, Any]:
    """Return the fields in which a framing is not the plain one; Any: each has a type of its own."""
    return {
        field.name: getattr(framing, field.name)
        for field in fields(Framing)
        if getattr(framing, field.name) != field.default
    }


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for operation in operations:
        for provider in streams.reachable(promise):
            names = _framings_at(promise, provider)
            ways = (*((name,) for name in names), names)
            for together in ways:
                yield streams.at(promise, operation, provider, _together(together, _SAID))
            if "cuts" in names:
                yield streams.at(promise, operation, provider, _LONG)
            for together in ways:
                yield _after_plain(promise, operation, provider, _together(together, _ENDING))


def _after_plain(promise: Promise, operation: str, provider: str, act: Act) -> Scenario:
    """Return the scenario in which `provider` says the same in plain bytes and then in those of `act`."""
    call = Call(operation, start=routing.start_of(promise), tools=called.TOOLS)
    return pair(call, provider, Act(said=act.said), act, on_the_way(promise, provider))


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    says = st.builds(
        lambda recipe, deltas: Said(text=recipe.piece or "a", times=recipe.times, deltas=deltas),
        recipes(tuple(SCRIPTS), CHARACTERS_MAX),
        st.sampled_from(["words", "whole", "characters"]),
    )
    sizes = st.builds(lambda size: (size, ()), st.sampled_from(SIZES))
    places = st.lists(st.integers(1, BYTES_MAX), min_size=1, max_size=CUTS_MAX, unique=True)
    plans = st.one_of(sizes, places.map(lambda drawn: (None, tuple(sorted(drawn)))))

    def act(names: list[str], said: Said, plan: tuple[int | None, tuple[int, ...]]) -> Act:
        cut_every, cuts = plan if "cuts" in names else (None, ())
        return replace(_together(names, said), cut_every=cut_every, cuts=cuts)

    def scenario(provider: str, operation: str, act: Act, ending: Said | None) -> Scenario:
        if ending is None or act.said is None:
            return streams.at(promise, operation, provider, act)
        said = replace(act.said, tool_calls=ending.tool_calls, usage=ending.usage)
        return _after_plain(promise, operation, provider, replace(act, said=said))

    def scenarios(provider: str) -> SearchStrategy[Scenario]:
        names = st.lists(st.sampled_from(_framings_at(promise, provider)), unique=True)
        acts = st.builds(act, names, says, plans)
        endings = st.sampled_from([None, replace(_ENDING, tool_calls=()), _ENDING])
        played = st.sampled_from(list(operations))
        return st.builds(scenario, st.just(provider), played, acts, endings)

    return st.sampled_from(streams.reachable(promise)).flatmap(scenarios)


def _faults(promise: Promise) -> tuple[str, ...]:
    return streams.with_the_way(promise, ())


# What was met


def _names_of(act: Act) -> list[str]:
    """Return the names of the ways in which an act says what it says."""
    shown = _changes(act.framing or Framing()).items()
    each = {name: _changes(framing).items() for name, framing in FRAMINGS.items()}
    names = [name for name, changes in each.items() if changes and changes <= shown]
    return [*names, *(["cuts"] if act.cuts or act.cut_every else [])]


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(
        f"{name} at {provider}"
        for provider in streams.reachable(promise)
        for name in _framings_at(promise, provider)
    )


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    return frozenset(
        f"{name} at {take.attempt.provider}"
        for call in range(len(scenario.calls))
        for take in streams.takes_of(promise, scenario, routing.route_of(promise, scenario, history, call))
        if take.whole
        for name in _names_of(take.act)
    )


# Whether it was read


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        takes = streams.takes_of(promise, scenario, route)
        whole = next((take for take in takes if take.whole), None)
        if whole is not None and whole.due and isinstance(route.outcome, Replied | Raised):
            following = next((take.attempt for take in takes[takes.index(whole) + 1 :]), None)
            got = routing.text_got(history, call)
            findings += _judged(whole, following.provider if following else None, got, route.outcome)
        findings += routing.stopped(route, call)
    return [*findings, *_ended_otherwise(promise, scenario, history)]


def _judged(whole: Take, following: str | None, got: str, outcome: Replied | Raised) -> Iterator[Finding]:
    """Compare what a provider said with what the consumer got; `following` was asked after it."""
    refused = following is not None or isinstance(outcome, Raised)
    code = "not_read" if refused else streams.difference(whole.text, got)
    if code is None:
        return
    ways = ", ".join(_names_of(whole.act)) or "its own framing"
    provider = whole.attempt.provider
    end = f"{following} was called" if following else told(outcome)
    yield Finding(
        code,
        expected=f"what {provider} said, with {ways}: {streams.marked(whole.text, got)}",
        observed=f"{streams.marked(got, whole.text)}, then {end}{streams.cut(whole, got)}",
        call=whole.attempt.call,
        provider=provider,
        fault_class=routing.class_of(whole.attempt.fault),
        at_s=outcome.at_s,
    )


def _ended_otherwise(promise: Promise, scenario: Scenario, history: History) -> Iterator[Finding]:
    """Yield what is told otherwise of an answer than of the same one that came before, in plain bytes."""
    every = all_served(promise, scenario, history)
    for place, one in enumerate(every):
        plain = next((other for other in every[:place] if _is_plain(other, one)), None)
        if plain is None or not _names_of(one.act):
            continue
        before, after = _ending_told(history, plain), _ending_told(history, one)
        other = [what for what in before if before[what] != after[what]]
        if other:
            ways = ", ".join(_names_of(one.act))
            yield Finding(
                "ending_changed",
                expected=f"with {ways}, as in plain bytes: {_listed(before, other)}",
                observed=_listed(after, other),
                call=one.call,
                provider=one.provider,
                at_s=one.at_s,
            )


def _is_plain(other: Served, one: Served) -> bool:
    """Return whether `other` is the answer `one` in plain bytes, to the same question."""
    said = replace(one.act, framing=None, cuts=(), cut_every=None)
    return (other.same, other.act) == (one.same, said)


def _ending_told(history: History, one: Served) -> dict[str, str]:
    """Return what the caller was told beside the text, in words; calls in any order, arguments as values."""
    calls = sorted(
        f"{call.name}({readable(called.read(call.arguments) or call.arguments)})"
        for call in calls_of(one.parts)
    )
    usage = reported_usage(history, one.call) or Usage()
    counts = {name: getattr(usage, name) for name in Usage.__dataclass_fields__}
    used = ", ".join(f"{name} {count}" for name, count in counts.items() if count is not None)
    return {
        "the finish reason": one.finish_reason or "none",
        "the usage": used or "none",
        "the calls of tools": " and ".join(calls) or "none",
    }


def _listed(ending: dict[str, str], whats: Sequence[str]) -> str:
    return ", ".join(f"{what} {ending[what]}" for what in whats)


def _describe(promise: Promise) -> str:
    return (
        f"lets each of {', '.join(streams.reachable(promise))} say texts of every script in other bytes "
        f"({', '.join(_framings(promise))}), alone and together, cut into bytes, pieces and at places, "
        "and compares finish reason, usage and calls of tools with those of the same answer in plain bytes"
    )


def _reservations(promise: Promise) -> tuple[str, ...]:
    silent = [name for name in streams.reachable(promise) if not _framings_at(promise, name)]
    return tuple(f"none of the framings can be played at {provider}" for provider in silent)


KIND = Kind(
    name="stream_framing",
    summary="The answer does not depend on how a stream's bytes are cut and framed.",
    model=StreamFraming,
    operations=routing.STREAM,
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_reservations,
)
