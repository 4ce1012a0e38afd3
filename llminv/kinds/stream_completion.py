"""stream_completion: the consumer gets a streamed answer whole, and of a broken one never a whole one.

The law. A stream is whole when the provider has said why it ends (the finish reason). Neither `[DONE]`, nor a
chunk with the usage, nor a word of text has to come with it; nor is a stream played that lacks Anthropic's
message_stop alone, which some wait for and some do not. Of a whole stream the consumer gets exactly the text,
and the normal end; the provider's thoughts are no text. Any other (cut, reset, silent, with an error inside,
or simply over) has broken off:
- it is never followed by the normal end, unless another attempt is whole;
- before the first content went to the consumer, another attempt may begin anew, unseen;
- after it, where the policy says error, the consumer gets an error behind the beginning that it has;
- where the policy says resume, the next provider goes on: either it is told that beginning, and what it
  says is joined to it, or it is asked anew, and what the consumer has already is left out.

A consumer that is given an error need not have got everything that came before it. That the next provider
is tried after a stream broke before its first content is another kind's affair (fallback_trigger).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from llminv.declaration.fields import Count
from llminv.declaration.models import Contradiction, Fields, Policy, meant
from llminv.history import History, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import completion_law, routing, streams
from llminv.kinds.laws.due import EMPTY, Due, due
from llminv.kinds.laws.reaching import on_all_ways
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.streams import BREAKING
from llminv.kinds.laws.texts import ASCII, SCRIPTS, recipes, scripts_of
from llminv.scenario import ANSWER, Act, Framing, Said, Scenario, Script
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {**completion_law.CODES, **routing.STOPPED_CODES}

# One token in the vocabularies of OpenAI, with the space before it: what examples are made of.
WORD = " word"
CHARACTERS_PER_TOKEN = 4
# A stream of more characters than this is not cut into single ones, which would only take long.
SINGLE_CHARACTERS_MAX = 1_000
DELTAS_MAX = 6
# Behind the last content of any text, before the stream says why it ends.
AFTER_ALL = 99
# Whole streams with something unusual around the text, all of it harmless.
_AROUND = (
    Act(framing=Framing(done=False)),
    Act(framing=Framing(empty_choices_at=0)),
    Act(framing=Framing(empty_choices_at=2)),
    Act("usage_missing"),
    Act("usage_growing"),
    Act("gzip"),
    Act("keepalive_dropped"),
)
_HOSTILE = "".join(stretch for stretches in SCRIPTS.values() for stretch in stretches)
_WHOLE = (
    ANSWER,
    EMPTY,
    Act(said=Said(deltas="whole")),
    Act(said=Said(reasoning="Let me think.")),
    Act(said=Said(text=WORD, times=5, sizes=(10, 10))),
    Act(said=Said(text=_HOSTILE, deltas="characters")),
    Act(said=Said(text=_HOSTILE, deltas="whole")),
    *_AROUND,
)


class Example(Fields):
    """A declared example: a text of so many tokens, in deltas of so many tokens each."""

    total_tokens: Count
    chunk_sizes: tuple[Annotated[Count, Field(ge=1)], ...]


class StreamCompletion(RoutingInvariant):
    """The YAML fields; without `failures`, every fault is played that breaks a stream off.

    `tokens_max` is about how long the longest drawn text is.
    """

    judges_raised: ClassVar[bool] = True

    tokens_max: Annotated[Count, Field(ge=1)] = 4_000
    examples: tuple[Example, ...] = ()

    def contradictions(self, policy: Policy) -> list[Contradiction]:
        """Refuse words that mean no fault of a stream, and examples whose chunks are not the whole."""
        found = super().contradictions(policy)
        for index, word in enumerate(self.failures or ()):
            if not meant((word,)) & set(BREAKING):
                found.append((("failures", index), f"{word!r} means no fault that breaks a stream off"))
        for index, example in enumerate(self.examples):
            total = sum(example.chunk_sizes)
            if total != example.total_tokens:
                message = f"the chunks have {total} tokens in all, not {example.total_tokens}"
                found.append((("examples", index, "chunk_sizes"), message))
        return found


def _fields(promise: Promise) -> StreamCompletion:
    if not isinstance(promise.invariant, StreamCompletion):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


# What is played


def _faults(promise: Promise) -> tuple[str, ...]:
    return streams.with_the_way(promise, _breaking(promise))


def _breaking(promise: Promise) -> tuple[str, ...]:
    """Return the faults that break streams: where the policy says nothing of one, a part of the law holds."""
    failures = _fields(promise).failures
    return BREAKING if failures is None else tuple(name for name in BREAKING if name in meant(failures))


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    for example in _fields(promise).examples:
        sizes = tuple(len(WORD) * size for size in example.chunk_sizes)
        act = Act(said=Said(text=WORD, times=example.total_tokens, sizes=sizes))
        for operation in operations:
            for provider in streams.reachable(promise):
                yield streams.at(promise, operation, provider, act)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    long = Act(said=Said(text=WORD, times=_fields(promise).tokens_max, deltas="whole"))
    for operation in operations:
        whole = [act for act in (*_WHOLE, long) if due(promise.policy, operation, act) is Due.ANSWER]
        breaks = [Act(fault, after) for fault in _breaking(promise) for after in (None, 0, 1, AFTER_ALL)]
        for provider in streams.reachable(promise):
            for act in (*whole, *breaks):
                yield _alike(promise, streams.at(promise, operation, provider, act))


def _alike(promise: Promise, scenario: Scenario) -> Scenario:
    """Return the scenario with the same text for all, where one may have to go on with another's answer."""
    resumes = promise.policy.stream.broken_after_content == "resume"
    if not resumes or not scenario.acts or not scenario.acts[-1].then.after:
        return scenario
    *before, row = scenario.acts
    said = Said(text="All of them say the same.")
    order = routing.order_from(promise.policy, scenario.calls[0].start)
    later = (Script(0, provider, then=Act(said=said)) for provider in order[order.index(row.provider) + 1 :])
    return replace(scenario, acts=(*before, replace(row, then=replace(row.then, said=said)), *later))


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    characters_max = CHARACTERS_PER_TOKEN * _fields(promise).tokens_max
    sizes = st.lists(st.integers(1, 50), max_size=DELTAS_MAX).map(tuple)

    def said(text: str, times: int, deltas: str, sizes: tuple[int, ...]) -> Said:
        long = len(text) * times > SINGLE_CHARACTERS_MAX and deltas == "characters"
        return Said(text=text, times=times, deltas="words" if long or sizes else deltas, sizes=sizes)

    says = st.builds(
        lambda recipe, deltas, sizes: said(recipe.piece, recipe.times, deltas, sizes),
        recipes(characters_max=characters_max),
        st.sampled_from(["words", "whole", "characters"]),
        st.one_of(st.just(()), sizes),
    ).filter(lambda said: _text_is_due(promise, said))
    whole = st.builds(lambda act, said: replace(act, said=said), st.sampled_from([ANSWER, *_AROUND]), says)
    after = st.one_of(st.none(), st.integers(0, 2 * DELTAS_MAX), st.just(AFTER_ALL))
    breaks = st.builds(Act, st.sampled_from(_breaking(promise)), after, st.none() | says)
    acts = st.one_of(whole, breaks)
    rows = [
        st.builds(Script, st.just(0), st.just(provider), st.lists(acts, max_size=1).map(tuple), acts)
        for provider in routing.chain_of(promise)
    ]
    mixed = st.builds(routing.scenario_of, routing.calls(promise, operations), on_all_ways(promise, rows))
    alone = st.builds(
        lambda *drawn: streams.at(promise, *drawn),
        st.sampled_from(list(operations)),
        st.sampled_from(streams.reachable(promise)),
        whole,
    )
    return alone | mixed


def _text_is_due(promise: Promise, said: Said) -> bool:
    return bool(said.text) or promise.policy.empty_answer == "complete"


# What was met


def _required(promise: Promise) -> frozenset[str]:
    labels = {"text beyond ASCII came whole"}
    for provider in streams.reachable(promise):
        labels.add(f"a stream of {provider} came whole")
        for fault_class in dict.fromkeys(routing.class_of(fault) for fault in _breaking(promise)):
            labels |= {
                f"{fault_class} broke a stream of {provider} {where}"
                for where in ("before its first content", "after it")
            }
    if promise.policy.empty_answer == "complete":
        labels.add("an empty answer came whole")
    return frozenset(labels)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for call in range(len(scenario.calls)):
        ended = completion_law.ended(promise, scenario, history, call)
        for take in ended.takes:
            provider = take.attempt.provider
            if take.broken and take.attempt.reached:
                where = "after it" if take.act.after else "before its first content"
                labels.add(
                    f"{routing.class_of(take.attempt.fault)} broke a stream of {provider} {where}",
                )
            if take.due and isinstance(ended.route.outcome, Replied):
                labels.add(f"a stream of {provider} came whole")
                labels |= {"text beyond ASCII came whole"} if scripts_of(take.text) - {ASCII} else set()
                labels |= set() if take.text else {"an empty answer came whole"}
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for call in range(len(scenario.calls)):
        ended = completion_law.ended(promise, scenario, history, call)
        findings += [*ended.findings(), *routing.stopped(ended.route, call)]
    return findings


def _describe(promise: Promise) -> str:
    return (
        f"lets each of {', '.join(streams.reachable(promise))} stream texts of every script and length in "
        "deltas of every size, empty ones too, without [DONE], with chunks that say nothing and with usage "
        f"everywhere or nowhere; and break off with {', '.join(_breaking(promise))} before any event, before "
        "the first content, behind it, and behind the last"
    )


def _moot(promise: Promise) -> dict[str, str]:
    if promise.policy.stream.broken_after_content == "error":
        return {"not_resumed": "the policy says that a stream which breaks off is an error"}
    return {}


KIND = Kind(
    name="stream_completion",
    summary="A streamed answer reaches the consumer whole, and a broken one never looks like a whole one.",
    model=StreamCompletion,
    operations=routing.STREAM,
    faults=_faults,
    codes=CODES,
    examples=_examples,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    moot=_moot,
)
