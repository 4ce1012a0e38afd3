"""The greedy reduction of a scenario, by value, after shrinking: what "minimal" means.

Only candidates that are strictly smaller by `size` are tried, the smallest first; the first one that still
shows the finding code is taken, until none does. Hypothesis' own shrinker does not reach the same minimum for
every seed, and explicit examples are not shrunk by it at all; this pass treats both alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from llminv.audit import acts as values
from llminv.audit import calls, simplify, usages
from llminv.codec import from_json, to_json
from llminv.scenario import ANSWER, EVERY_CALL, Act, Call, Said, Scenario, Script
from llminv.simulation.dialects.values import Json
from llminv.simulation.faults import RANK
from llminv.simulation.prices import DECLARED

Value = TypeVar("Value", Said, Call)

# Candidates tried at most: far more than any scenario of ours has, and a bound for a checker gone wrong.
PLAYS_MAX = 2_000


@dataclass(frozen=True)
class Space:
    """What a smaller scenario may hold: providers in chain order; faults and operations, simplest first."""

    chain: Sequence[str]
    faults: Sequence[str]
    operations: Sequence[str]

    def position(self, provider: str) -> int:
        """Return the place of `provider` in the chain; what is not in it comes last."""
        return self.chain.index(provider) if provider in self.chain else len(self.chain)


def reduce(scenario: Scenario, shows: Callable[[Scenario], bool], space: Space) -> Scenario:
    """Return a smallest scenario reachable from `scenario` for which `shows` is still true."""
    tried: set[str] = set()
    current = scenario
    progress = True
    while progress and len(tried) < PLAYS_MAX:
        progress = False
        new = [candidate for candidate in _smaller(current, space) if candidate.text not in tried]
        for candidate in new[: PLAYS_MAX - len(tried)]:
            tried.add(candidate.text)
            if shows(candidate):
                current, progress = candidate, True
                break
    return current


def _smaller(scenario: Scenario, space: Space) -> list[Scenario]:
    """Return the smaller candidates, the smallest first: parts go before what stays is simplified."""
    limit = size(scenario, space)
    distinct = {candidate.text: candidate for candidate in _candidates(scenario, space)}
    sizes = {text: size(candidate, space) for text, candidate in distinct.items()}
    smaller = [text for text in distinct if sizes[text] < limit]
    return [distinct[text] for text in sorted(smaller, key=sizes.__getitem__)]


def size(scenario: Scenario, space: Space) -> tuple[float, ...]:
    """Return what makes one scenario smaller than another, the weightiest first.

    Calls, prices that are made up, acts that are no plain answers, acts that are not persistent (a provider
    that is down is simpler to tell than one that fails n times), scripts, options of acts, places in the
    chain, faults and their ranks, how plain the values of options are, how many acts differ, how small the
    values are, the keys that are missing, how far the calls are from the simplest one, how much is said, and
    how far each call is.
    """
    acts, spoken = _acts(scenario), [usages.said(call) for call in scenario.calls]
    faults = [act.fault for act in acts if act.fault is not None]
    return (
        len(scenario.calls),
        scenario.prices != DECLARED,
        sum(act != ANSWER for act in acts),
        sum(len(row.attempts) for row in scenario.acts),
        len(scenario.acts),
        sum(row.call == EVERY_CALL for row in scenario.acts),
        sum(len(_options(act)) for act in acts),
        sum(space.position(row.provider) for row in scenario.acts),
        len(faults),
        sum(RANK[fault] for fault in faults),
        sum(values.plainness(act) for act in acts),
        len(set(acts)),
        sum(values.amount(act) for act in acts),
        len(scenario.unset),
        sum(space.position(provider) for provider in scenario.unset),
        sum(_call_size(call, space) for call in spoken),
        sum(simplify.weight(to_json(said)) for said in (*spoken, *(act.said for act in acts if act.said))),
        *(_call_size(call, space) for call in spoken),
    )


def _options(act: Act) -> list[str]:
    """Return the names of the fields in which `act` is more than its fault."""
    plain = Act(act.fault)
    return [field.name for field in fields(act) if getattr(act, field.name) != getattr(plain, field.name)]


def _call_size(call: Call, space: Space) -> int:
    operation = space.operations.index(call.operation) if call.operation in space.operations else 0
    return operation + calls.distance(call, space.chain) + len(_call_options(call))


def _call_options(call: Call) -> list[str]:
    """Return the names of the fields in which `call` is more than its operation."""
    plain = Call(call.operation)
    return [field.name for field in fields(call) if getattr(call, field.name) != getattr(plain, field.name)]


def _candidates(scenario: Scenario, space: Space) -> Iterator[Scenario]:
    yield from _fewer_calls(scenario)
    if scenario.prices != DECLARED:
        yield replace(scenario, prices=DECLARED)
    yield from usages.together(scenario)
    for index, row in enumerate(scenario.acts):
        rest = scenario.acts[:index] + scenario.acts[index + 1 :]
        yield replace(scenario, acts=rest)
        for smaller in _smaller_scripts(row, space):
            yield replace(scenario, acts=(*scenario.acts[:index], smaller, *scenario.acts[index + 1 :]))
        yield from _moved(scenario, row, rest, space)
        yield from _in_place_of(scenario, index)
        if len(scenario.calls) == 1 and row.call == EVERY_CALL:
            yield replace(scenario, acts=(*scenario.acts[:index], replace(row, call=0), *rest[index:]))
    yield from _all_in_place_of(scenario, space)
    yield from _later_starts(scenario, space)
    for index, provider in enumerate(scenario.unset):
        others = scenario.unset[:index] + scenario.unset[index + 1 :]
        yield replace(scenario, unset=others)
        for earlier in space.chain[: space.position(provider)]:
            yield replace(scenario, unset=tuple(sorted({earlier, *others}, key=space.position)))
    yield from _one_fault(scenario, space)
    yield from _plainer_everywhere(scenario)
    yield from _same_acts(scenario)
    yield from calls.together(scenario)
    for operation in space.operations:  # some findings need calls that are made in the same way
        alike = tuple(replace(call, operation=operation) for call in scenario.calls)
        yield replace(scenario, calls=alike)
    for index, call in enumerate(scenario.calls):
        for simpler in _simpler_calls(call, space):
            yield replace(scenario, calls=(*scenario.calls[:index], simpler, *scenario.calls[index + 1 :]))


def _fewer_calls(scenario: Scenario) -> Iterator[Scenario]:
    if len(scenario.calls) < 2:
        return
    for gone in range(len(scenario.calls)):
        acts = tuple(
            replace(row, call=row.call - (row.call > gone)) for row in scenario.acts if row.call != gone
        )
        yield replace(scenario, calls=scenario.calls[:gone] + scenario.calls[gone + 1 :], acts=acts)


def _smaller_scripts(row: Script, space: Space) -> Iterator[Script]:
    for act in dict.fromkeys((*row.attempts, row.then)):
        if act != ANSWER:
            yield replace(row, attempts=(), then=act)
    for index in range(len(row.attempts)):
        yield replace(row, attempts=row.attempts[:index] + row.attempts[index + 1 :])
    if row.attempts and row.then != ANSWER:
        yield replace(row, then=ANSWER)
    for index, act in enumerate(row.attempts):
        for simpler in _simpler_acts(act, space):
            yield replace(row, attempts=(*row.attempts[:index], simpler, *row.attempts[index + 1 :]))
    for simpler in _simpler_acts(row.then, space):
        yield replace(row, then=simpler)


def _simpler_acts(act: Act, space: Space) -> Iterator[Act]:
    for option in _options(act):
        yield replace(act, **{option: getattr(ANSWER, option)})
    yield from values.simpler(act)
    said = act.said
    if said is not None:
        simpler = [*_read(Said, simplify.simpler(to_json(said)))]
        if said.usage is not None:
            simpler += [replace(said, usage=less) for less in usages.fewer(said.usage)]
        # Half of a model's name is no simpler one: it stays, or goes.
        yield from (replace(act, said=less) for less in simpler if less.model in (None, said.model))
    if act.fault is None:
        yield from map(Act, space.faults)  # a provider that says nothing is simpler than one that is late
        return
    yield replace(act, fault=None)
    for fault in space.faults:
        if RANK[fault] < RANK[act.fault]:
            yield replace(act, fault=fault)
            yield Act(fault)


def _moved(scenario: Scenario, row: Script, rest: tuple[Script, ...], space: Space) -> Iterator[Scenario]:
    for provider in space.chain[: space.position(row.provider)]:
        if not any(other.call == row.call and other.provider == provider for other in rest):
            moved = replace(row, provider=provider)
            yield replace(scenario, acts=_in_order((*rest, moved), space))


def _in_place_of(scenario: Scenario, index: int) -> Iterator[Scenario]:
    """Put a script in the place of each earlier one, and leave out all that stood between them or after."""
    row = scenario.acts[index]
    same = (row.call, EVERY_CALL)
    others = tuple(other for other in scenario.acts if other.call not in same)
    before = [other for other in scenario.acts[:index] if other.call in same]
    for count, earlier in enumerate(before):
        kept = (*before[:count], replace(row, provider=earlier.provider))
        acts = sorted((*others, *kept), key=lambda other: other.call)  # stable
        yield replace(scenario, acts=tuple(acts))


def _all_in_place_of(scenario: Scenario, space: Space) -> Iterator[Scenario]:
    """Let an earlier provider do in all calls what a provider does, and leave out what stood between them."""
    for provider in dict.fromkeys(row.provider for row in scenario.acts):
        place = space.position(provider)
        for earlier in space.chain[:place]:
            kept = [
                row
                for row in scenario.acts
                if row.provider == provider
                or not space.position(earlier) <= space.position(row.provider) < place
            ]
            moved = (replace(row, provider=earlier) if row.provider == provider else row for row in kept)
            yield replace(scenario, acts=_in_order(tuple(moved), space))


def _later_starts(scenario: Scenario, space: Space) -> Iterator[Scenario]:
    """Let a call that names its start name a later one, and leave out those that it no longer asks."""
    for index, call in enumerate(scenario.calls):
        if call.start is None:
            continue
        for place in range(space.position(call.start) + 1, len(space.chain)):
            rows = [
                row for row in scenario.acts if row.call != index or space.position(row.provider) >= place
            ]
            later = replace(call, start=space.chain[place])
            calls_ = (*scenario.calls[:index], later, *scenario.calls[index + 1 :])
            yield replace(scenario, calls=calls_, acts=tuple(rows))


def _one_fault(scenario: Scenario, space: Space) -> Iterator[Scenario]:
    """Replace all faults by one at once: some findings need the same fault everywhere."""
    faulty = [act for act in _acts(scenario) if act.fault is not None]
    for fault in space.faults:
        yield _swapped(scenario, dict.fromkeys(faulty, Act(fault)))


def _same_acts(scenario: Scenario) -> Iterator[Scenario]:
    """Let all do the same, perhaps one fewer of them, or those who do the same do it with smaller values."""
    distinct = [act for act in dict.fromkeys(_acts(scenario)) if act != ANSWER]
    for act in distinct:
        same = _swapped(scenario, dict.fromkeys(distinct, act))
        yield same
        for index in range(len(same.acts)):
            yield replace(same, acts=same.acts[:index] + same.acts[index + 1 :])
        yield from (_swapped(scenario, {act: less}) for less in values.simpler(act))


def _swapped(scenario: Scenario, swaps: Mapping[Act, Act]) -> Scenario:
    rows = (
        replace(
            row,
            attempts=tuple(swaps.get(act, act) for act in row.attempts),
            then=swaps.get(row.then, row.then),
        )
        for row in scenario.acts
    )
    return replace(scenario, acts=tuple(rows))


def _acts(scenario: Scenario) -> list[Act]:
    return [act for row in scenario.acts for act in (*row.attempts, row.then)]


def _plainer_everywhere(scenario: Scenario) -> Iterator[Scenario]:
    """Take an option from all acts at once: some findings need all acts to be alike in it."""
    acts = [act for row in scenario.acts for act in (*row.attempts, row.then)]
    for option in dict.fromkeys(name for act in acts for name in _options(act)):
        plain = {option: getattr(ANSWER, option)}
        rows = tuple(
            replace(
                row,
                attempts=tuple(replace(act, **plain) for act in row.attempts),
                then=replace(row.then, **plain),
            )
            for row in scenario.acts
        )
        yield replace(scenario, acts=rows)


def _simpler_calls(call: Call, space: Space) -> Iterator[Call]:
    for operation in space.operations:
        if operation != call.operation:
            yield replace(call, operation=operation)
    for option in _call_options(call):
        yield replace(call, **{option: getattr(Call(call.operation), option)})
    yield from calls.simpler(call, space.chain)
    yield from usages.simpler(call)
    once = to_json(replace(call, times=1))
    for less in _read(Call, simplify.simpler(once)):
        if less.messages:
            yield replace(less, times=call.times)


def _read(cls: type[Value], values: Iterable[Json]) -> Iterator[Value]:
    """Yield what each of `values` is as a `cls`; leave out what is none."""
    for value in values:
        with suppress(ValueError):
            yield from_json(cls, value)


def _in_order(acts: tuple[Script, ...], space: Space) -> tuple[Script, ...]:
    return tuple(sorted(acts, key=lambda row: (row.call, space.position(row.provider))))
