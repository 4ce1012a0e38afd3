"""parity: whatever way a call is made, it takes the same course.

One scenario makes the same call twice, in two of the ways that the handler offers, against the same
scripts. Attempts, error, text and usage must be the same, but for what the invariant excepts. Pauses
between attempts are random by declaration and are not compared, nor is a usage that one way does not report.

What the policy itself lets differ is not compared either: a stream that breaks off where `stream` says
error, and answers whose body is no answer, of which a stream and a whole answer are not made alike. Faults
that cool a provider down are not played: the second call would meet another state than the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Literal

from llminv.contract import Usage
from llminv.declaration.fields import Choice
from llminv.declaration.models import meant
from llminv.history import CallStarted, History, Raised, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import Route, RoutingInvariant
from llminv.kinds.laws.ways import WAYS, reported_usage
from llminv.scenario import EVERY_CALL, Call, Scenario, Script, default_text
from llminv.simulation.faults import FAULTS, Where
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "attempts_differ": "The same call, made in another way, tried other providers, or more or less often.",
    "error_differs": "The same call, made in another way, ended otherwise.",
    "text_differs": "The same call, made in another way, got another text.",
    "usage_differs": "The same call, made in another way, reported another usage.",
    **routing.STOPPED_CODES,
}

# Of the declared total time: a call that takes longer may well be cut short, where random pauses decide.
TIME_SHARE_MAX = 0.9
# No answer if it comes whole; as a stream it is one without content, which may be the whole answer.
_NOT_ALIKE = frozenset({"no_choices"})

Aspect = Annotated[Literal["attempts", "error", "text", "usage"], Choice()]


class Parity(RoutingInvariant):
    """The YAML fields; `excepts` are the aspects in which the ways may differ."""

    excepts: tuple[Aspect, ...] = ()


def _excepts(promise: Promise) -> tuple[str, ...]:
    if not isinstance(promise.invariant, Parity):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.excepts


# What is played


def _faults(promise: Promise) -> tuple[str, ...]:
    cooldown = promise.policy.cooldown
    cooling = frozenset[str]() if cooldown is None else meant(cooldown.faults)
    return tuple(name for name in routing.faults_of(promise) if name not in cooling)


def _pairs(operations: Operations) -> list[tuple[str, str]]:
    """Return each way with the first one: what is the same as a third is the same as each other."""
    first, *others = operations
    return [(first, other) for other in others]


def _twice(promise: Promise, pair: tuple[str, str], rows: tuple[Script, ...]) -> Scenario:
    calls = tuple(Call(operation, start=routing.start_of(promise)) for operation in pair)
    return Scenario(calls, tuple(replace(row, call=EVERY_CALL) for row in rows))


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    reached = routing.reached_of(promise)
    for one, other in _pairs(operations):
        call = Call(one)
        yield _twice(promise, (one, other), ())
        yield _twice(promise, (other, one), ())
        for fault in _faults(promise):
            yield _twice(promise, (one, other), routing.down(call, reached[:1], fault).acts)
            yield _twice(promise, (one, other), routing.down(call, promise.policy.chain, fault).acts)
        for fault in _faults(promise)[:1]:
            yield _twice(promise, (other, one), routing.down(call, reached[:1], fault).acts)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    pairs = st.sampled_from(_pairs(operations))
    played = promise.model_copy(
        update={"invariant": promise.invariant.model_copy(update={"failures": _faults(promise)})}
    )
    drawn = routing.scripts(played, list(operations)[:1], failures_max=3)
    return st.builds(lambda pair, scenario: _twice(promise, pair, scenario.acts), pairs, drawn)


# What was done


@dataclass(frozen=True)
class _Course:
    """One call with what is compared of it; an answer is told by its provider."""

    operation: str
    route: Route
    text: str
    usage: Usage | None
    took_s: float

    @property
    def streams(self) -> bool:
        """Whether the caller got the answer in chunks."""
        return self.operation in routing.STREAM

    @property
    def broken(self) -> frozenset[str]:
        """The faults that were met in the body of an answer."""
        faults = [attempt.fault for attempt in self.route.attempts if not routing.answers(attempt)]
        return frozenset(fault for fault in faults if fault and FAULTS[fault].where is Where.BODY)

    @property
    def ending(self) -> str:
        """How the call ended, in the words of its caller."""
        outcome = self.route.outcome
        return outcome.error.type if isinstance(outcome, Raised) else "an answer"

    def attempts(self, *, once: bool) -> str:
        """Return the attempts as text; `once`: those at a provider that end alike count as one."""
        steps = [f"{attempt.provider} ({attempt.fault or 'answers'})" for attempt in self.route.attempts]
        return " → ".join(dict.fromkeys(steps) if once else steps) or "no attempt"


def _courses(promise: Promise, scenario: Scenario, history: History) -> list[_Course]:
    """Return both courses; none where they cannot be compared.

    Only what meets the same scripts, in two ways, and comes to an end by itself and in time, can be.
    """
    ways = [call.operation for call in scenario.calls]
    if len(ways) != 2 or ways[0] == ways[1] or any(row.call != EVERY_CALL for row in scenario.acts):
        return []
    if replace(scenario.calls[0], operation="") != replace(scenario.calls[1], operation=""):
        return []
    starts = {event.call: event.at_s for event in history.of(CallStarted)}
    courses = []
    for call, way in enumerate(ways):
        route = routing.route_of(promise, scenario, history, call)
        if not isinstance(route.outcome, Replied | Raised):
            return []
        text = routing.text_got(history, call)
        for provider in promise.providers:
            text = text.replace(default_text(provider, call), f"<the answer of {provider}>")
        took_s = route.ended_at_s() - starts[call]
        courses.append(_Course(way, route, text, reported_usage(history, call), took_s))
    if max(course.took_s for course in courses) >= TIME_SHARE_MAX * promise.policy.timeouts.total_s:
        return []
    return courses if all(map(_same_state, courses, [promise] * 2)) else []


def _same_state(course: _Course, promise: Promise) -> bool:
    """Return whether nothing happened after which a call may meet another state than one before it."""
    cooldown = promise.policy.cooldown
    cooling = frozenset[str]() if cooldown is None else meant(cooldown.faults)
    return not any(attempt.fault in cooling for attempt in course.route.attempts)


def _required(promise: Promise) -> frozenset[str]:
    labels = {"both ways answered"}
    if any(promise.policy.stance(fault) == "fallback" for fault in _faults(promise)):
        labels.add("both ways failed")
        if len(routing.reached_of(promise)) > 1:
            labels.add("both ways fell back")
    return frozenset(labels)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    courses = _courses(promise, scenario, history)
    labels = set()
    if courses and all(len(course.route.tried) > 1 for course in courses):
        labels.add("both ways fell back")
    if courses and all(isinstance(course.route.outcome, Raised) for course in courses):
        labels.add("both ways failed")
    if courses and all(isinstance(course.route.outcome, Replied) for course in courses):
        labels.add("both ways answered")
    return frozenset(labels)


# Whether it is the same


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = []
    courses = _courses(promise, scenario, history)
    if courses:
        findings += list(_differences(promise, *courses))[:1]  # what differs first brings the rest about
    for call in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _differences(promise: Promise, one: _Course, other: _Course) -> Iterator[Finding]:
    """Yield in which aspects two courses differ, the cause before its effects."""
    broken = {fault for course in (one, other) for fault in course.broken}
    mixed = broken if one.streams != other.streams else set[str]()
    if mixed and (promise.policy.stream.broken_before_content == "error" or mixed & _NOT_ALIKE):
        return
    aspects = (
        ("attempts", "attempts_differ", one.attempts(once=bool(mixed)), other.attempts(once=bool(mixed))),
        ("error", "error_differs", one.ending, other.ending),
        ("text", "text_differs", repr(one.text), repr(other.text)),
        ("usage", "usage_differs", *_usages(one.usage, other.usage)),
    )
    last = other.route.attempts[-1] if other.route.attempts else None
    provider, fault_class = (last.provider, routing.class_of(last.fault)) if last else (None, None)
    for aspect, code, first, second in aspects:
        if aspect not in _excepts(promise) and first != second:
            expected = f"{other.operation} takes the same course as {one.operation}: {first}"
            yield Finding(code, expected, second, 1, provider, fault_class, other.route.ended_at_s())


def _usages(one: Usage | None, other: Usage | None) -> tuple[str, str]:
    """Return two usages as text, in the buckets in which both ways report one."""
    names = [field.name for field in fields(Usage)]
    both = [name for name in names if None not in (getattr(one, name, None), getattr(other, name, None))]
    first, second = (", ".join(f"{name} {getattr(usage, name)}" for name in both) for usage in (one, other))
    return first, second


def _describe(promise: Promise) -> str:
    return (
        f"makes every call twice, in two of the ways that the handler offers ({', '.join(WAYS)}), with "
        f"{', '.join(dict.fromkeys(FAULTS[name].fault_class for name in _faults(promise)))} at the providers"
    )


def _reservations(promise: Promise) -> tuple[str, ...]:
    reasons = list(routing.silences(promise))
    if routing.faults_of(promise) and not _faults(promise):
        reasons.append(
            "after each of these faults a provider cools down, so that no second call can be the same"
        )
    return tuple(reasons)


def _moot(promise: Promise) -> dict[str, str]:
    excepted = {code for code in CODES for aspect in _excepts(promise) if code.startswith(f"{aspect}_")}
    moot = dict.fromkeys(excepted, "the invariant excepts it")
    if not _faults(promise):
        moot.setdefault("error_differs", "no fault is played")
    return moot


KIND = Kind(
    name="parity",
    summary="Synchronous or not, streamed or whole: the same call takes the same course.",
    model=Parity,
    operations=WAYS,
    operations_min=2,
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_reservations,
    moot=_moot,
)
