"""stream_finish: finish reason and usage reach the caller as the provider said them, wherever they stood.

Every provider ends answers for every reason and reports usage: in the last chunk, in one of its own, before
or after chunks that say nothing, or with every event, growing (of what grows the last word counts:
Anthropic's message_delta is cumulative, https://docs.anthropic.com/en/api/messages-streaming). Whole answers
are asked for in the same way. Which finish reasons are equal stands in `finish_words`.

A field that the handler does not report at all is no finding; it is missing from the labels, and the verdict
is unknown. One that it reports of a plain answer and not of the next, of the same provider in the same way,
is lost. Where a provider reports no usage (or was not asked for it, in OpenAI's streams), the handler reports
none: neither 0 nor an estimate, which nothing could tell from what is billed. Buckets beside input and output
may then be 0. The number of chunks is not the number of tokens: the plainest answer is six pieces and
five tokens.

An error in place of a whole answer that just stopped is a finding; of one that ended for another reason it is
not, because a handler may raise what was cut short or filtered. OpenAI's `refusal` is not played: it comes
only with structured outputs (https://platform.openai.com/docs/guides/structured-outputs#refusals).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from llminv.contract import Usage
from llminv.declaration.fields import Choice
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.called import PING, TOOLS
from llminv.kinds.laws.finish_words import NEUTRAL, Reason, meant, reported, words_of
from llminv.kinds.laws.fragments import clear
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.served import Served, all_served, pair, passed_over, ways_there
from llminv.kinds.laws.streams import reachable
from llminv.kinds.laws.ways import reported_usage, wrong_buckets
from llminv.scenario import ANSWER, DEFAULT_USAGE, Act, Call, Framing, Said, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.chat_completions import ChatCompletions
from llminv.simulation.faults import FAULTS
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise
    from llminv.simulation.dialects.interface import Dialect

CODES = {
    "wrong_finish_reason": "The caller was told another finish reason than the provider's.",
    "finish_reason_lost": "The provider gave a finish reason, and the caller was told none.",
    "wrong_usage": "The caller was told another usage than the provider's last word on it.",
    "usage_lost": "The provider reported usage, and the caller was told none.",
    "usage_invented": "The caller was told a usage that no provider reported.",
    "answer_refused": "A provider answered whole, and the caller got an error, or another one's answer.",
    **routing.STOPPED_CODES,
}

TOKENS_MAX = 500
# The rows of the fault table that are about usage, and leave the answer whole and the figures right.
MISSING, GROWING = "usage_missing", "usage_growing"
# A place behind every event of an answer.
LAST = 99
# The format whose streams may report usage in parts, input at the start and output at the end.
_IN_PARTS = "anthropic-messages"
_TOTALS = frozenset({"input_tokens", "output_tokens"})


class StreamFinish(RoutingInvariant):
    """The YAML fields; `finish_reasons` are those that the handler passes on, without it all."""

    finish_reasons: Annotated[tuple[Annotated[Reason, Choice()], ...], Field(min_length=1)] = NEUTRAL


def _reasons(promise: Promise) -> tuple[str, ...]:
    if not isinstance(promise.invariant, StreamFinish):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant.finish_reasons


# What is played


def _faults(promise: Promise) -> tuple[str, ...]:
    names = {*routing.faults_of(promise), MISSING, GROWING}
    return tuple(name for name in FAULTS if name in names)


def _dialect(promise: Promise, provider: str) -> Dialect:
    return DIALECTS[promise.providers[provider].dialect]


def _usage(tokens: int) -> Usage:
    """Return a usage with about `tokens` in each bucket that every format has."""
    return Usage(4 * tokens + 7, 2 * tokens + 5, tokens + 2, None, tokens + 3)


def _ending(word: str) -> Said:
    """Return what a provider says that ends with `word`: where that is for a call of a tool, it calls one."""
    return Said(tool_calls=(PING,)) if word == "tool_calls" else Said(finish_reason=word)


def _acts(promise: Promise, provider: str) -> Iterator[Act]:
    dialect = _dialect(promise, provider)
    yield ANSWER
    yield from (Act(said=_ending(word)) for word in words_of(dialect, _reasons(promise)) if word != "stop")
    yield Act(said=Said(usage=_usage(10)))
    yield from [Act(GROWING, said=Said(usage=_usage(10)))] if dialect.usage_grows else []
    yield from [Act(MISSING)] if dialect.usage_optional else []
    if dialect.name == _IN_PARTS:
        yield Act(said=Said(usage=_usage(10), usage_split=True))
    if isinstance(dialect, ChatCompletions):
        yield Act(framing=Framing(done=False))
        for place in (0, LAST):
            yield Act(framing=Framing(usage_at=place))
            yield Act(framing=Framing(empty_choices_at=place))


def _scenario(
    promise: Promise, operation: str, provider: str, act: Act, before: tuple[Script, ...]
) -> Scenario:
    tools = TOOLS[-1:] if act.said is not None and act.said.tool_calls else ()
    call = Call(operation, start=routing.start_of(promise), tools=tools)
    return pair(call, provider, ANSWER, act, before)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for operation in operations:
        for provider in reachable(promise):
            before = on_the_way(promise, provider)
            for act in _acts(promise, provider):
                yield _scenario(promise, operation, provider, act, before)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    place = st.sampled_from([None, 0, 2, LAST])
    odd = st.builds(Framing, done=st.booleans(), usage_at=place, empty_choices_at=place)

    def act(
        fault: str | None, said: Said, usage: Usage | None, split: bool, deltas: str, framing: Framing
    ) -> Act:
        said = replace(said, usage=usage, usage_split=split, deltas=deltas)
        framing = replace(framing, usage_at=None) if fault == GROWING else framing
        return Act(
            fault,
            said=None if said == Said() else said,
            framing=None if framing == Framing() else framing,
        )

    def scenarios(provider: str) -> SearchStrategy[Scenario]:
        dialect = _dialect(promise, provider)
        usages = [None, *[GROWING] * dialect.usage_grows, *[MISSING] * dialect.usage_optional]
        words = [Said(), *map(_ending, words_of(dialect, _reasons(promise)))]
        acts = st.builds(
            act,
            st.sampled_from(usages),
            st.sampled_from(words),
            st.none() | st.integers(0, TOKENS_MAX).map(_usage),
            st.booleans() if dialect.name == _IN_PARTS else st.just(False),
            st.sampled_from(["words", "whole", "characters"]),
            odd if isinstance(dialect, ChatCompletions) else st.just(Framing()),
        )
        return st.builds(
            lambda operation, drawn, before: _scenario(promise, operation, provider, drawn, before),
            st.sampled_from(list(operations)),
            acts,
            ways_there(promise, provider),
        )

    every = {provider: scenarios(provider) for provider in reachable(promise)}  # making them takes time
    return st.sampled_from(list(every)).flatmap(every.__getitem__)


# What was said, and what the caller was told


def _judged(promise: Promise, scenario: Scenario, history: History) -> list[Served]:
    return [one for one in all_served(promise, scenario, history) if clear(one.said)]


def _said_usage(one: Served) -> Usage | None:
    """Return the usage that the provider reported, None where it reported none, unasked or not."""
    fault = one.attempt.fault
    asked = one.asked.operation != "stream" or one.asked.stream_usage
    if fault == MISSING or not (asked or fault == GROWING):
        return None
    return one.said.usage or DEFAULT_USAGE


def _told_totals(history: History, one: Served) -> frozenset[str]:
    """Return which of the input and output tokens the caller was told."""
    return _TOTALS & _counts(reported_usage(history, one.call)).keys()


def _required(promise: Promise) -> frozenset[str]:
    providers = reachable(promise)
    labels = {
        f"{what} of {provider} reported" for provider in providers for what in ("finish reason", "usage")
    }
    labels |= {f"{reason} reported" for reason in _reasons(promise)}
    optional = any(_dialect(promise, provider).usage_optional for provider in providers)
    return frozenset(labels | ({"an answer without usage"} if optional else set()))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    for one in _judged(promise, scenario, history):
        word, meanings = one.finish_reason, meant(one.dialect, one.said)
        if word is not None and reported(word) in meanings:
            labels |= {f"finish reason of {one.provider} reported"}
            labels |= {f"{meaning} reported" for meaning in meanings}
        if _told_totals(history, one) == _TOTALS:
            labels |= {f"usage of {one.provider} reported"}
        if one.attempt.fault == MISSING:
            labels |= {"an answer without usage"}
    return frozenset(labels)


# Whether it is the same


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    every = _judged(promise, scenario, history)
    findings = [finding for one in every for finding in _judge(history, one, every)]
    for one, instead in passed_over(promise, scenario, history):
        if meant(one.dialect, one.said) == {"stop"}:
            expected = f"the answer of {one.provider}, which is whole and stopped, goes to the caller"
            at = (one.call, one.provider, None, one.at_s)
            findings.append(Finding("answer_refused", expected, instead, *at))
    for call in range(len(scenario.calls)):
        findings += routing.stopped(routing.route_of(promise, scenario, history, call), call)
    return findings


def _judge(history: History, one: Served, every: list[Served]) -> Iterator[Finding]:
    alike = [other for other in every if other.same == one.same and other.call != one.call]
    problems = (*_reason_problems(one, alike), *_usage_problems(history, one, alike))
    for code, expected, observed in problems:
        yield Finding(code, expected, observed, one.call, one.provider, None, one.at_s)


def _reason_problems(one: Served, alike: list[Served]) -> Iterator[tuple[str, str, str]]:
    meanings, word = meant(one.dialect, one.said), one.finish_reason
    if not meanings:
        return
    expected = f"{one.provider} ended for the reason {' or '.join(sorted(meanings))}"
    if word is None:
        if any(other.finish_reason for other in alike):
            yield "finish_reason_lost", expected, "no finish reason, though one is reported of another answer"
    elif reported(word) not in (None, *meanings):
        yield "wrong_finish_reason", expected, f"the finish reason {word!r}"


def _usage_problems(history: History, one: Served, alike: list[Served]) -> Iterator[tuple[str, str, str]]:
    said, told = _said_usage(one), reported_usage(history, one.call)
    framing = one.act.framing or Framing()
    if one.attempt.fault == GROWING and framing.usage_at is not None:
        return  # the total comes before what is less, so that no word is the last one
    if said is None:
        counts = {name: count for name, count in _counts(told).items() if count or name in _TOTALS}
        if counts:
            yield (
                "usage_invented",
                f"{one.provider} reported no usage, and so does the handler",
                _listed(counts),
            )
        return
    expected = f"{one.provider} reported {_listed(_counts(said))}"
    elsewhere = frozenset[str]().union(*(_told_totals(history, other) for other in alike))
    lost = elsewhere - _told_totals(history, one)
    if lost:
        yield (
            "usage_lost",
            expected,
            f"no {' and no '.join(sorted(lost))}, though they are reported elsewhere",
        )
    wrong = wrong_buckets(said, told or Usage())
    if wrong:
        yield "wrong_usage", expected, _listed({name: count for name, (_, count) in wrong.items()})


def _counts(usage: Usage | None) -> dict[str, int]:
    found = {} if usage is None else {name: getattr(usage, name) for name in Usage.__dataclass_fields__}
    return {name: count for name, count in found.items() if count is not None}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _describe(promise: Promise) -> str:
    providers = ", ".join(reachable(promise))
    return (
        f"lets each of {providers} end answers for {', '.join(_reasons(promise))}, with usage in its own "
        "chunk, in the last, growing, elsewhere or missing, and compares what the caller is told"
    )


KIND = Kind(
    name="stream_finish",
    summary="Finish reason and usage come through unchanged, wherever they stand; what is missing stays so.",
    model=StreamFinish,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=_faults,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
