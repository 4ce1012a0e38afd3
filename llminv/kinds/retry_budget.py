"""retry_budget: a provider is asked exactly as often as the policy declares, with the declared pauses.

The law, for each provider of a call. After a fault that the policy retries, the provider is asked again, up
to `retries.max` times; after any other failure, and after an answer, it is not. Whoever sends a request
counts: what an SDK retries underneath is an attempt that the provider sees. Before retry n the handler pauses
as the backoff or the provider's advice says (`pauses`), and for no longer than the backoff where it goes on
to the next provider or to its caller.

Judged is what the history shows without doubt. A fault on which the policy is silent, one that the handler's
side did not meet, and a redirect (following it is no retry) leave open what comes after them, and so does,
for a stream, a fault in its body. No retry is expected once it would begin after `total_s`, or where a
declared cooldown begins. A pause counts from the moment at which the handler had the failure; where it had
waited in vain, the history knows only when it let the connection go, so that pause can only be too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from llminv.declaration.fields import Pause as Seconds
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import pauses, routing
from llminv.kinds.laws.reaching import on_all_ways, on_the_way
from llminv.kinds.laws.retry_law import Retrying
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.scenario import ANSWER, Act, Call, Scenario, Script
from llminv.simulation.faults import FAULTS, Effect, Where
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "too_many_attempts": "A provider was asked again although its retries were used up, or it had answered.",
    "too_few_attempts": "A provider was not asked again although the policy retries its fault.",
    "retried_unretryable": "A provider was asked again after a fault that the policy does not retry.",
    "retry_after_ignored": "A provider was asked again earlier than it had asked for.",
    "waited_too_long": "A Retry-After was waited for longer than it asks, above its cap, or without a retry.",
    "backoff_too_short": "A pause before a retry is shorter than the declared backoff.",
    "backoff_too_long": "A pause after a failure is longer than the declared backoff.",
    **routing.STOPPED_CODES,
}
# Drawn scripts are not longer than this: more retries than that are covered by the cells.
DRAWN_MAX = 4


class RetryBudget(RoutingInvariant):
    """The YAML fields. `tolerance_s` forgives the ticks of a clock: no sleep is exact to the millisecond."""

    judges_raised: ClassVar[bool] = True

    tolerance_s: Seconds = 0.05


def _tolerance_s(promise: Promise) -> float:
    if not isinstance(promise.invariant, RetryBudget):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.tolerance_s


# Scenarios


def _playable(operation: str, fault: str) -> bool:
    """Return whether what follows the fault is judged for this operation."""
    return not FAULTS[fault].answers and (
        operation not in routing.STREAM or FAULTS[fault].where is not Where.BODY
    )


def _faults(promise: Promise) -> tuple[str, ...]:
    return tuple(name for name in routing.faults_of(promise) if not FAULTS[name].answers)


def _advised_faults(promise: Promise) -> list[str]:
    """Return the faults to retry with which a provider can give advice."""
    return [
        name
        for name in _faults(promise)
        if name in promise.policy.retry_faults
        and FAULTS[name].fault_class in pauses.ADVISED
        and FAULTS[name].effect is Effect.ERROR
    ]


def _advice(promise: Promise, provider: str) -> list[Act]:
    policy = promise.policy
    if not policy.retries.max:
        return []
    dialect = promise.providers[provider].dialect
    return [act for fault in _advised_faults(promise)[:1] for act in pauses.advice(policy, dialect, fault)]


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    policy = promise.policy
    chain = routing.chain_of(promise)
    for operation in operations:
        call = Call(operation, start=routing.start_of(promise))
        faults = [name for name in _faults(promise) if _playable(operation, name)]
        for provider in chain:
            way = on_the_way(promise, provider)
            if provider != chain[0] and not way:
                break
            played = faults if provider == chain[0] else routing.of_each_sort(faults)
            rows = [Script(0, provider, then=Act(fault)) for fault in played]
            rows += [Script(0, provider, (act,)) for act in _advice(promise, provider)]
            for fault in (name for name in routing.of_each_sort(faults) if name in policy.retry_faults):
                counts = {1, policy.retries.max} if provider == chain[0] and policy.retries.max else set()
                rows += [Script(0, provider, (Act(fault),) * count) for count in sorted(counts)]
            yield from (Scenario((call,), (*way, row)) for row in rows)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    plain = st.sampled_from([Act(fault) for fault in _faults(promise)])
    rows = []
    for provider in routing.chain_of(promise):
        acts = st.one_of(plain, _advising(promise, provider))
        longest = min(promise.policy.retries.max + 1, DRAWN_MAX)
        attempts = st.lists(acts, max_size=longest).map(tuple)
        rows.append(
            st.builds(Script, st.just(0), st.just(provider), attempts, st.one_of(st.just(ANSWER), acts))
        )
    return st.builds(routing.scenario_of, routing.calls(promise, operations), on_all_ways(promise, rows))


def _advising(promise: Promise, provider: str) -> SearchStrategy[Act]:
    """Draw a fault with advice in any form, up to well above the cap, as far as a world has the time."""
    from hypothesis import strategies as st

    faults = _advised_faults(promise)
    if not faults:
        return st.nothing()
    fault = st.sampled_from(faults)
    retries = promise.policy.retries
    asked_max_s = pauses.asked_max_s(promise.policy)
    seconds = st.integers(0, int(min(2 * retries.retry_after_cap_s + 2, asked_max_s)))
    texts = st.one_of(
        seconds.map(str),
        seconds.map(lambda number: f"{pauses.DATE}{number}"),
        seconds.map(lambda number: f"{number}.5"),
        st.sampled_from(pauses.NO_ADVICE),
    )
    forms = [
        st.builds(Act, fault, retry_after=texts),
        st.builds(Act, fault, retry_after_ms=seconds.map(lambda number: str(100 * number))),
    ]
    if promise.providers[provider].dialect in pauses.INFO_DIALECTS:
        forms.append(st.builds(Act, fault, retry_info=seconds.map(lambda number: f"{number}s")))
    return st.one_of(forms)


# Labels


def _required(promise: Promise) -> frozenset[str]:
    first, *others = routing.chain_of(promise)
    cap_s = promise.policy.retries.retry_after_cap_s
    retried = [name for name in _faults(promise) if name in promise.policy.retry_faults]
    reachable = [first, *(name for name in others if on_the_way(promise, name))]
    return frozenset(
        # Those of one sort of operation only, a handler need not offer.
        {
            f"{FAULTS[name].fault_class} fired at {first}"
            for name in _faults(promise)
            if all(_playable(operation, name) for operation in KIND.operations)
        }
        | {f"{provider} failed to be retried" for provider in reachable if retried}
        | {f"advice as {pauses.form_of(act, cap_s)}" for act in _advice(promise, first)}
    )


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    policy = promise.policy
    labels: set[str] = set()
    for call in range(len(scenario.calls)):
        for attempt in history.attempts(call):
            if attempt.fault is None or not attempt.reached:
                continue
            labels.add(f"{routing.class_of(attempt.fault)} fired at {attempt.provider}")
            if attempt.fault in policy.retry_faults:
                labels.add(f"{attempt.provider} failed to be retried")
            act = scenario.script(call, attempt.provider).act(attempt.attempt)
            form = pauses.form_of(act, policy.retries.retry_after_cap_s)
            if form is not None:
                labels.add(f"advice as {form}")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for number, call in enumerate(scenario.calls):
        route = routing.route_of(promise, scenario, history, number)
        streamed = call.operation in routing.STREAM
        started_s = routing.started_s(history, number)
        for provider in route.tried if "retries" in promise.policy.model_fields_set else ():
            if provider in promise.providers:
                script = scenario.script(number, provider)
                law = Retrying(
                    promise, _tolerance_s(promise), script, route, streamed=streamed, started_s=started_s
                )
                findings += law.findings()
        findings += routing.stopped(route, number)
    return findings


def _describe(promise: Promise) -> str:
    first, *others = routing.chain_of(promise)
    retries = promise.policy.retries
    return (
        f"lets each fault of {', '.join(routing.classes_of(promise))} stay at {first}, one of each sort at "
        f"{', '.join(others) or 'no other'}, lets {first} fail up to {retries.max} times before it answers, "
        f"and sends Retry-After in every form, below and above {retries.retry_after_cap_s:g} s; and drawn "
        "mixtures of all"
    )


def _silences(promise: Promise) -> tuple[str, ...]:
    if "retries" not in promise.policy.model_fields_set:
        return ("policy silent on retries",)
    return routing.silences(promise)


def _moot(promise: Promise) -> dict[str, str]:
    if "retries" not in promise.policy.model_fields_set:
        return dict.fromkeys(CODES.keys() - routing.STOPPED_CODES.keys(), "policy silent on retries")
    retried = [name for name in _faults(promise) if name in promise.policy.retry_faults]
    retries = range(promise.policy.retries.max) if retried else range(0)
    moot = {}
    if not retries:
        moot["too_few_attempts"] = "the policy retries nothing that is played"
    if set(retried) == set(_faults(promise)):
        moot["retried_unretryable"] = "the policy retries all that is played"
    if all(pauses.backoff(promise.policy, retry).least_s <= _tolerance_s(promise) for retry in retries):
        moot["backoff_too_short"] = "no retry has to be waited for"
    if not any(_advice(promise, provider) for provider in routing.chain_of(promise)):
        moot |= dict.fromkeys(("retry_after_ignored", "waited_too_long"), "no provider gives advice")
    return moot


KIND = Kind(
    name="retry_budget",
    summary="A provider is asked as often as the policy retries its faults, with the declared pauses.",
    model=RetryBudget,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_silences,
    moot=_moot,
)
