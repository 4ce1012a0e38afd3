"""token_totality: whatever is to be counted is counted: no error, no negative number, and in time.

These laws need no tokenizer. The count is a whole number and not negative; of the empty text it is 0, of
words it is not; what was added is counted (see `token_growth`); literals of special tokens are text (see
`token_literals`); a text of a million repeats is counted within the declared time. That time is processor
time, which other programs do not lengthen, and it is measured: it stands outside the equality of histories,
so the limit has to leave a wide margin. A prompt out of order, or half of a surrogate pair in a text, no
provider takes; on those a handler may raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from llminv.contract import Message
from llminv.declaration.fields import Count, Limit, near, refusal, shown
from llminv.history import History, Raised, Returned, Stopped
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import conversations, texts
from llminv.kinds.laws import tokens as shared
from llminv.kinds.laws.routing import STOPPED_CODES
from llminv.kinds.laws.token_growth import ADDITIONS, added
from llminv.kinds.laws.token_literals import LITERALS, tokens_min
from llminv.kinds.laws.tokens import OPERATION, Target, TokensInvariant
from llminv.oracles.tokens.played import unanswered
from llminv.scenario import Call, Scenario
from llminv.simulation.dialects.neutral import function_tool, joined, message, tool_call, tool_result
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "raised": "Counting raised an error.",
    "not_an_int": "The count is no whole number.",
    "negative": "The count is negative.",
    "empty_not_zero": "The empty text has tokens.",
    "nothing_counted": "A text with words has no tokens.",
    "lowered": "Something was added, and the count is lower.",
    "not_counted": "Something was added, and the count is the same.",
    "special_token": "The literal of a special token is not counted as text.",
    "too_slow": "Counting a long text takes longer than declared.",
    **STOPPED_CODES,
}

# A long text is one of these, said again and again: one word without end, white space, words of one letter,
# signs, and characters of several bytes.
REPEATED = ("a", " ", "a ", "^", "漢")
# Shorter ones come first: what takes too long shows before it takes for ever.
SHARES = (100, 10, 1)
# A literal is also counted so often in a row: then no frame around a text hides that it is one token.
LITERAL_TIMES = 16


def _addition(word: str) -> str:
    if word not in ADDITIONS:
        raise refusal(f"{shown(word)} is nothing that can be added{near(word, ADDITIONS)}")
    return word


class TokenTotality(TokensInvariant):
    """The YAML fields: what is added, how long a text is said (0: no long texts), and the time for it."""

    additions: Annotated[tuple[Annotated[str, AfterValidator(_addition)], ...], Field(min_length=1)] = tuple(
        ADDITIONS
    )
    repeats: Count = 1_000_000
    time_limit_s: Limit = 5.0


def _invariant(promise: Promise) -> TokenTotality:
    return shared.tokens(promise, TokenTotality)


# What is played

_PARTS: tuple[Message, ...] = (message("user", [{"type": "text", "text": "Say hello."}]),)
_CALLED: tuple[Message, ...] = (
    message("assistant", None, calls=[tool_call("ping", "{}", call_id="a")]),
    tool_result("a", call_id="a"),
)
_BASES = (
    Call(OPERATION),
    Call(OPERATION, text="Say hello."),
    Call(OPERATION, messages=_PARTS),
    Call(OPERATION, messages=_CALLED, tools=(function_tool("ping", "a", {"type": "object"}),)),
)


def _cells(promise: Promise, _: Operations) -> Iterator[Scenario]:
    invariant = _invariant(promise)
    for target in shared.declared_targets(promise):
        for call in _calls():
            yield _asked(promise, target, call)
        for base in _BASES:
            yield from _grown(promise, target, base)
    for target in shared.other_targets(promise):
        for base in _BASES[:2]:
            yield _asked(promise, target, base)
    for share in SHARES if invariant.repeats else ():
        for target in shared.declared_targets(promise):
            for piece in REPEATED:
                times = max(1, invariant.repeats // share)
                yield _asked(promise, target, Call(OPERATION, text=piece, times=times))


def _calls() -> Iterator[Call]:
    yield Call(OPERATION, text="")
    for text in shared.texts_by_name().values():
        yield Call(OPERATION, text=text)
    yield Call(OPERATION, text="half of a pair: \ud83d")
    for literal in LITERALS:
        yield Call(OPERATION, text=literal)
        yield Call(OPERATION, text=literal, times=LITERAL_TIMES)
    for call in conversations.cells(Call(OPERATION)):
        yield replace(call, tool_choice=None, params={})


def _asked(promise: Promise, target: Target, *calls: Call) -> Scenario:
    return Scenario(tuple(shared.asked_of(promise, target, call) for call in calls))


def _grown(promise: Promise, target: Target, base: Call) -> Iterator[Scenario]:
    for word in _invariant(promise).additions:
        more = ADDITIONS[word](base)
        if more is not None:
            yield _asked(promise, target, base, more)


def _strategy(promise: Promise, _: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    everyone = [*shared.declared_targets(promise), *shared.other_targets(promise)]
    targets = st.sampled_from(everyone)
    a_text = texts.recipes().map(lambda recipe: Call(OPERATION, text=recipe.text))
    a_prompt = conversations.calls(Call(OPERATION)).map(
        lambda call: replace(call, tool_choice=None, params={})
    )
    additions = st.sampled_from(_invariant(promise).additions)

    def built(target: Target, call: Call, word: str) -> Scenario:
        more = ADDITIONS[word](call)
        return _asked(promise, target, call, *(() if more is None else (more,)))

    return st.builds(built, targets, a_text | a_prompt, additions)


# What may be judged


def _is_in_order(call: Call) -> bool:
    """Return whether a provider takes what is counted; parts of text say what their texts say."""
    if call.text is not None:
        return not any("\ud800" <= character <= "\udfff" for character in call.text)
    messages = tuple({**said, "content": joined(said.get("content"))} for said in call.messages)
    return conversations.in_order(replace(call, messages=messages))


def _judged(scenario: Scenario, history: History) -> Iterator[tuple[int, Call]]:
    """Yield the calls but those that a handler may refuse and does, or that failed on what nobody plays."""
    for index, call in enumerate(scenario.calls):
        raised = isinstance(history.outcome(index), Raised)
        excused = raised and (not _is_in_order(call) or unanswered(history, index))
        if call.operation == OPERATION and not excused:
            yield index, call


def _number(history: History, call: int) -> int | None:
    """Return the count of `call` where it is one, negative or not."""
    returned = shared.returned(history, call)
    number = returned.number if returned is not None and returned.type == "int" else None
    return None if number is None else int(number)


def _what(call: Call) -> str:
    if call.text == "":
        return "the empty text"
    if call.text is None:
        return "messages with tools" if call.tools else "messages"
    return "a text outside ASCII" if not call.text.isascii() else "a text"


def _required(promise: Promise) -> frozenset[str]:
    invariant = _invariant(promise)
    everyone = [*shared.declared_targets(promise), *shared.other_targets(promise)]
    labels = {f"a text counted by {provider} for {model}" for provider, model in everyone}
    labels |= {f"{what} counted" for what in ("the empty text", "a text outside ASCII", "messages")}
    labels |= {f"{word} added" for word in invariant.additions}
    labels |= {"a long text counted"} if invariant.repeats else set()
    return frozenset((*labels, "a special token's literal counted"))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    for index, call in _judged(scenario, history):
        if not isinstance(history.outcome(index), Returned):
            continue
        provider, model = shared.target_of(promise, call)
        labels.add(f"{_what(call)} counted")
        if call.text:
            labels.add(f"a text counted by {provider} for {model}")
            labels |= {"a special token's literal counted"} if call.text in LITERALS else set()
            is_long = len(call.text) * call.times >= _invariant(promise).repeats > 0
            labels |= {"a long text counted"} if is_long else set()
        word = added(scenario.calls[index - 1], call) if index else None
        labels |= {f"{word} added"} if word else set()
    return frozenset(labels)


# The laws


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = []
    for index, call in _judged(scenario, history):
        provider, _ = shared.target_of(promise, call)
        before = _number(history, index - 1) if index else None
        for code, expected, observed in (
            *_ended(history, index),
            *_alone(promise, call, _number(history, index)),
            *_after(scenario.calls[index - 1], call, before, _number(history, index)),
        ):
            findings.append(Finding(code, expected, observed, index, provider))
    return [*findings, *_slow(promise, scenario, history)]


def _ended(history: History, index: int) -> Iterator[tuple[str, str, str]]:
    outcome = history.outcome(index)
    if isinstance(outcome, Raised):
        yield "raised", "a count", f"{outcome.error.type}: {outcome.error.message}".rstrip(": ")
    elif isinstance(outcome, Stopped):
        code = "hang" if outcome.reason == "hang" else "never_ends"
        yield code, "counting ends", f"it never ends: {outcome.detail}"
    elif isinstance(outcome, Returned) and outcome.type != "int":
        yield "not_an_int", "a whole number", f"{outcome.type} {outcome.value}"


def _alone(promise: Promise, call: Call, count: int | None) -> Iterator[tuple[str, str, str]]:
    if count is None:
        return
    if count < 0:
        yield "negative", "0 or more", f"{count}"
    if call.text == "" and count != 0:
        yield "empty_not_zero", "0 tokens in the empty text", f"{count}"
    if call.text is not None and call.text in LITERALS:
        provider, _ = shared.target_of(promise, call)
        least = tokens_min(call.text, promise.providers[provider].dialect) * call.times
        if count < least:
            yield "special_token", f"{least} tokens at least: {call.text} is text here", f"{count}"
    elif (
        count == 0 and call.text is not None and any(char.isascii() and char.isalnum() for char in call.text)
    ):
        yield "nothing_counted", "1 token at least", "0"


def _after(
    before: Call, after: Call, count_before: int | None, count: int | None
) -> Iterator[tuple[str, str, str]]:
    """Judge a call by the one before it; the first call has none before it, and then no count either."""
    if count_before is None or count is None:
        return
    word = added(before, after)
    if word is not None and count <= count_before:
        code = "not_counted" if count == count_before else "lowered"
        more = "a sentence more in a tool's arguments" if word == "call" else f"one more {word}"
        yield code, f"more than {count_before} tokens with {more}", f"{count}"


def _slow(promise: Promise, scenario: Scenario, history: History) -> Iterator[Finding]:
    limit_s, took_s = _invariant(promise).time_limit_s, history.measurements.cpu_s
    if len(scenario.calls) != 1 or took_s <= limit_s:
        return
    call = scenario.calls[0]
    if call.text is None or len(call.text) * call.times <= 2 * _invariant(promise).repeats:
        provider, _ = shared.target_of(promise, call)
        expected = f"a count within {limit_s:g} s of processor time"
        yield Finding("too_slow", expected, f"it took {took_s:.1f} s", 0, provider)


def _describe(promise: Promise) -> str:
    invariant = _invariant(promise)
    long = (
        f", texts of {invariant.repeats:,} repeats within {invariant.time_limit_s:g} s of processor time"
        if invariant.repeats
        else ""
    )
    return (
        "counts texts of many scripts and shapes, the empty one, literals of special tokens, conversations "
        f"with tools{long}; and each again with more in it: {', '.join(invariant.additions)}"
    )


KIND = Kind(
    name="token_totality",
    summary="Whatever is to be counted is counted: without an error, in time, and nothing is left out.",
    model=TokenTotality,
    operations=(OPERATION,),
    faults=lambda _: (),
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
