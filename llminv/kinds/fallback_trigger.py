"""fallback_trigger: exactly the faults for which the policy says fallback pass the request on.

What is due after the last attempt at a provider follows from its fault: by the policy another provider is
tried, or the caller gets the error as it is, wrapped or not (`recognising`); a whole answer goes to the
caller, however unusual the way in which it came. How many attempts there are at a provider is another kind's
affair (retry_budget), and so are which provider comes next (fallback_order) and what follows when none is
left (exhaustion).

Where more than one behaviour is right, none is judged: `due` says where. One thing more: a reply without
text to `no_choices` is not judged where the format can end an answer in good order without a word, and
the policy takes empty answers for complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from llminv.declaration.models import meant
from llminv.history import Attempt, History, Raised, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.due import AMBIGUOUS, EMPTY, Due, due
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.recognising import is_recognisable
from llminv.kinds.laws.routing import Route, RoutingInvariant, told
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.simulation.faults import FAULTS, HARMLESS, Effect, Where
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "not_moved_on": "A provider failed with a fault that calls for the next one, and none was tried.",
    "moved_on": "A fault that has to come back to the caller moved on to another provider.",
    "returned_as_content": "A provider failed, and the caller got a reply.",
    "wrong_error": "A fault that has to come back as it is came back as another error.",
    "answer_refused": "A provider answered, if in an unusual way, and the caller did not get that answer.",
    **routing.STOPPED_CODES,
}


# The faults that a provider reports in an answer of its own: of others there is no error but the client's.
_REPORTED = frozenset({Effect.ERROR, Effect.ERROR_INSIDE})


class FallbackTrigger(RoutingInvariant):
    """The YAML fields; without `failures`, every fault is played on which the policy has a say."""

    judges_raised: ClassVar[bool] = True


# What is played


def _faults(promise: Promise) -> tuple[str, ...]:
    """Return the faults to play, simplest first: those declared, or all, as far as they are judged."""
    declared = routing.routing(promise).failures
    names = FAULTS.keys() if declared is None else meant(declared)
    return tuple(name for name in FAULTS if name in names and due(promise.policy, "", Act(name)) is not None)


def _acts(promise: Promise, operation: str) -> list[Act]:
    """Return the acts to play: each fault, what breaks off also in the middle, and an empty answer."""
    acts = []
    for name in _faults(promise):
        fault = FAULTS[name]
        acts.append(Act(name))
        inside = fault.effect is Effect.ERROR_INSIDE and operation in routing.STREAM
        breaks = fault.where is Where.BODY and fault.effect not in (Effect.BODY, Effect.ANSWER)
        if inside or (breaks and fault.effect is not Effect.ERROR_INSIDE):
            acts.append(Act(name, after=0))
    acts = [*acts, EMPTY] if routing.routing(promise).failures is None else acts
    return [act for act in acts if due(promise.policy, operation, act) is not None]


def _openers(promise: Promise) -> tuple[str, ...]:
    """Return the faults with which the providers before the one in question may pass a request on."""
    names = promise.policy.fallback_faults - AMBIGUOUS.keys()
    return tuple(name for name in FAULTS if name in names)


def _reachable(promise: Promise) -> tuple[str, ...]:
    """Return the providers to break that a call gets to: the first alone, where nothing falls back."""
    chain = routing.chain_of(promise)
    return chain if _openers(promise) else chain[:1]


def _has_next(promise: Promise, provider: str) -> bool:
    order = routing.order_from(promise.policy, routing.start_of(promise))
    return provider in order[:-1]


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for operation in operations:
        call = Call(operation, start=routing.start_of(promise))
        for provider in _reachable(promise):
            before = on_the_way(promise, provider)
            for act in _acts(promise, operation):
                if due(promise.policy, operation, act) is not Due.NEXT or _has_next(promise, provider):
                    yield Scenario((call,), (*before, Script(0, provider, then=act)))


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    chain = _reachable(promise)
    openers = st.tuples(*[st.sampled_from(_openers(promise)) for _ in chain[1:]])

    def scenario(operation: str, faults: tuple[str, ...], last: Script) -> Scenario:
        before = zip(chain[: chain.index(last.provider)], faults, strict=False)
        rows = [Script(0, provider, then=Act(fault)) for provider, fault in before]
        call = Call(operation, start=routing.start_of(promise))
        return Scenario((call,), (*rows, routing.trimmed(last)))

    def scenarios(operation: str) -> SearchStrategy[Scenario]:
        act = st.sampled_from(_acts(promise, operation))
        attempts = st.lists(act, max_size=2).map(tuple)
        last = st.builds(Script, st.just(0), st.sampled_from(chain), attempts, act)
        return st.builds(scenario, st.just(operation), openers, last)

    return st.sampled_from(list(operations)).flatmap(scenarios)


# What was met


def _label(fault: str, provider: str) -> str:
    return f"{FAULTS[fault].fault_class} met at {provider}"


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(
        _label(fault, provider)
        for provider in _reachable(promise)
        for fault in _faults(promise)
        if due(promise.policy, "", Act(fault)) is not Due.NEXT or _has_next(promise, provider)
    )


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for call, asked in enumerate(scenario.calls):
        for attempt in history.attempts(call):
            act = _act(scenario, attempt)
            if attempt.fault and attempt.reached and due(promise.policy, asked.operation, act) is not None:
                labels.add(_label(attempt.fault, attempt.provider))
    return frozenset(labels)


# What has to follow


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        findings += [*_follow(promise, scenario, history, route, call), *routing.stopped(route, call)]
    return findings


def _act(scenario: Scenario, attempt: Attempt) -> Act:
    """Return the act of an attempt: where the connection was open still, it is not the one in the script."""
    act = scenario.script(attempt.call, attempt.provider).act(attempt.attempt)
    return act if act.fault == attempt.fault else Act(attempt.fault)


def _follow(
    promise: Promise, scenario: Scenario, history: History, route: Route, call: int
) -> Iterator[Finding]:
    """Follow the attempts up to the first after which what is due did not happen, or is not known."""
    operation = scenario.calls[call].operation
    for number, attempt in enumerate(route.attempts):
        act = _act(scenario, attempt)
        wanted = due(promise.policy, operation, act)
        later = route.attempts[number + 1 :]
        following = later[0] if later else None
        if wanted is Due.ANSWER:
            yield from _answered(route, attempt, act, following, routing.text_got(history, call))
            return
        if following is not None and following.provider == attempt.provider:
            continue
        if wanted is None or not attempt.reached:
            return
        if wanted is Due.ERROR:
            yield from _came_back(promise, route, attempt, following)
            return
        if following is None:
            empty = not routing.text_got(history, call)
            if not (empty and _reads_as_empty(promise, operation, attempt)):
                yield from _stayed(promise, route, attempt)
            return


def _answered(
    route: Route, attempt: Attempt, act: Act, following: Attempt | None, got: str
) -> Iterator[Finding]:
    """Look at what followed an answer. An ordinary one is for fallback_order to look at."""
    if act == Act() or attempt.status not in (None, 200):
        return
    how = "with an empty text" if act.fault is None else f"in the way of {act.fault}"
    expected = f"the answer of {attempt.provider}, which came {how}, goes to the caller"
    outcome = route.outcome
    if following is not None:
        observed, at_s = f"{following.provider} was called", following.started_at_s
    elif isinstance(outcome, Raised):
        observed, at_s = told(outcome), outcome.at_s
    elif isinstance(outcome, Replied) and _lost(attempt, act, got):
        observed, at_s = f"the caller got {got!r}", outcome.at_s
    else:
        return
    yield Finding("answer_refused", expected, observed, attempt.call, attempt.provider, HARMLESS, at_s)


def _lost(attempt: Attempt, act: Act, got: str) -> bool:
    return act.said is None and default_text(attempt.provider, attempt.call) not in got


def _came_back(
    promise: Promise, route: Route, attempt: Attempt, following: Attempt | None
) -> Iterator[Finding]:
    """Look at what followed a fault that has to come back as it is."""
    expected = f"the caller gets the error: {attempt.provider} failed with {attempt.fault}"
    outcome = route.outcome
    if following is not None:
        observed = f"{following.provider} was called"
        yield _finding("moved_on", expected, observed, attempt, following.started_at_s)
    elif isinstance(outcome, Replied):
        yield _finding("returned_as_content", expected, told(outcome), attempt, outcome.at_s)
    elif isinstance(outcome, Raised):
        if outcome.error.type == promise.policy.exhausted.rpartition(".")[2]:
            yield _finding("wrong_error", expected, told(outcome), attempt, outcome.at_s)
        elif FAULTS[attempt.fault or ""].effect in _REPORTED and not is_recognisable(outcome, attempt):
            observed = f"{told(outcome)}, which does not say what {attempt.provider} refused"
            yield _finding("wrong_error", expected, observed, attempt, outcome.at_s)


def _stayed(promise: Promise, route: Route, attempt: Attempt) -> Iterator[Finding]:
    """Look at a call that ended after a fault which calls for the next provider."""
    untried = [provider for provider in route.order if provider not in route.tried]
    if not untried or routing.past_deadline(promise, route):
        return
    expected = f"{untried[0]} is tried after {attempt.provider} failed with {attempt.fault}"
    outcome = route.outcome
    if isinstance(outcome, Raised | Replied):
        code = "not_moved_on" if isinstance(outcome, Raised) else "returned_as_content"
        yield _finding(code, expected, told(outcome), attempt, outcome.at_s)


def _finding(code: str, expected: str, observed: str, attempt: Attempt, at_s: float) -> Finding:
    fault_class = routing.class_of(attempt.fault)
    return Finding(code, expected, observed, attempt.call, attempt.provider, fault_class, at_s)


def _reads_as_empty(promise: Promise, operation: str, attempt: Attempt) -> bool:
    """Return whether what came can be read as an empty answer: see the head of this file."""
    provider = promise.providers.get(attempt.provider)
    anthropic = provider is not None and provider.dialect == "anthropic-messages"
    ends_well = operation in routing.STREAM or anthropic
    return attempt.fault == "no_choices" and ends_well and promise.policy.empty_answer == "complete"


def _describe(promise: Promise) -> str:
    chain = ", ".join(_reachable(promise))
    classes = dict.fromkeys(FAULTS[name].fault_class for name in _faults(promise))
    return (
        f"plays {', '.join(classes)} at each of {chain}: every fault of the table on which the policy has a "
        "say, in streams before the first content; and drawn sequences of them"
    )


def _moot(promise: Promise) -> dict[str, str]:
    acts = [(operation, act) for operation in KIND.operations for act in _acts(promise, operation)]
    wanted = {due(promise.policy, operation, act) for operation, act in acts}
    moot: dict[str, str] = {}
    if Due.ERROR not in wanted:
        moot |= dict.fromkeys(("moved_on", "wrong_error"), "no fault is played that has to come back")
    if Due.NEXT not in wanted:
        moot["not_moved_on"] = "no fault is played that calls for the next provider"
    if Due.ANSWER not in wanted:
        moot["answer_refused"] = "no unusual answer is played"
    if len(routing.order_from(promise.policy, routing.start_of(promise))) == 1:
        moot |= dict.fromkeys(("moved_on", "not_moved_on"), routing.ALONE)
    return moot


KIND = Kind(
    name="fallback_trigger",
    summary="Exactly the declared faults pass a request on; others come back, and answers are answers.",
    model=FallbackTrigger,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=routing.silences,
    moot=_moot,
)
