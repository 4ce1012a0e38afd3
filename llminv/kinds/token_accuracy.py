"""token_accuracy: a token count is as near as promised to what the provider counts, or bills.

The truth comes from an oracle for each provider (`llminv.oracles.tokens`), which says how it knows; only
counts that are exact in their scope, recorded or played are held against a handler, and where the oracle has
no count nothing is judged. What is tolerated is a share of the truth, but never less than a number of tokens:
on a prompt of a dozen tokens one token of framing is 8%.

A text is counted to its end, however long it is, and whatever was counted before: for another model, or of a
text that begins and ends alike or is as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from llminv.contract import Message
from llminv.declaration.fields import Count as Tokens
from llminv.declaration.fields import Percent, ProviderName, near, refusal, shown
from llminv.errors import UsageError
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import conversations, texts
from llminv.kinds.laws import tokens as shared
from llminv.kinds.laws.tokens import OPERATION, Target, TokensInvariant
from llminv.oracles.tokens import ORACLES
from llminv.oracles.tokens.bpe import CHARACTERS_MAX
from llminv.oracles.tokens.interface import ACCUSING, Certainty, Count, Evidence, NoCount, Question
from llminv.oracles.tokens.played import answered
from llminv.oracles.tokens.recorded import question
from llminv.scenario import Call, Scenario
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "too_low": "The handler counts fewer tokens than the provider, by more than is tolerated.",
    "too_high": "The handler counts more tokens than the provider, by more than is tolerated.",
}

# Of the recorded calls of one provider, so many are played, evenly spread.
RECORDED_MAX = 200
# The texts that tell one encoding from another: enough for models of which only the names are unusual.
_TELLING = ("prose", "hindi", "chinese", "emoji")
# Oracles that answer whatever is asked, as long as they know the model.
_WHOLE = ("tiktoken", "deepseek")
# What long texts are made of: words, and characters that have more bytes and tokens than words have.
_WORD, _CHARACTER = "word ", "漢"
# How long they are: twice what programs are known to stop at, and as long as an oracle counts.
_LONG_CHARACTERS = (2_000, 8_000, 40_000, CHARACTERS_MAX)
# What is counted for each model in turn: each encoding has another count of it.
_FOR_EACH = Call(OPERATION, text="नमस्ते ", times=100)
# How often a drawn text is said in all where it is counted once more.
_OFTENER = 10
_LONG = f"text of {CHARACTERS_MAX:,} characters"


def _oracle(word: str) -> str:
    if word not in ORACLES:
        raise refusal(f"{shown(word)} is not an oracle of tokens{near(word, ORACLES)}")
    return word


class TokenAccuracy(TokensInvariant):
    """The YAML fields; for each message of a prompt the floor is `floor_tokens_per_message` higher."""

    oracles: Annotated[dict[ProviderName, Annotated[str, AfterValidator(_oracle)]], Field(min_length=1)]
    tolerance: Percent = 0.05
    floor_tokens: Tokens = 3
    floor_tokens_per_message: Tokens = 4

    def usage_providers(self) -> frozenset[str]:
        """Return the providers for which recorded usage is the oracle."""
        return frozenset(provider for provider, word in self.oracles.items() if word == "recorded")


def _invariant(promise: Promise) -> TokenAccuracy:
    return shared.tokens(promise, TokenAccuracy)


def _targets(promise: Promise, targets: list[Target]) -> list[Target]:
    """Return those of `targets` that have an oracle with all that it needs."""
    words = _invariant(promise).oracles
    return [target for target in targets if target[0] in words and not ORACLES[words[target[0]]].missing()]


# What is played


def _cells(promise: Promise, _: Operations) -> Iterator[Scenario]:
    if not _targets(promise, shared.declared_targets(promise)):
        raise UsageError(f"{promise.place}: nothing can be counted: {'; '.join(_reservations(promise))}")
    by_name = shared.texts_by_name()
    for target in _targets(promise, shared.declared_targets(promise)):
        for text in by_name.values():
            yield _scenario(promise, target, Call(OPERATION, text=text))
        for messages in _plain_conversations():
            yield _scenario(promise, target, Call(OPERATION, messages=messages))
    for target in _known(promise, shared.declared_targets(promise)):
        for characters in _LONG_CHARACTERS:
            yield _scenario(promise, target, _long(_WORD, characters))
        yield _scenario(promise, target, _long(_CHARACTER, CHARACTERS_MAX))
        yield _scenario(promise, target, *_alike())
    for target in _targets(promise, shared.other_targets(promise)):
        for name in _TELLING:
            yield _scenario(promise, target, Call(OPERATION, text=by_name[name]))
    known = _known(promise, [*shared.declared_targets(promise), *shared.other_targets(promise)])
    if len(known) > 1:
        yield _asked(promise, [(target, _FOR_EACH) for target in known])
    for line in _recorded(promise):
        yield _scenario(promise, (line.provider, line.model), _call(line))


def _scenario(promise: Promise, target: Target, *calls: Call) -> Scenario:
    return _asked(promise, [(target, call) for call in calls])


def _asked(promise: Promise, asked: Sequence[tuple[Target, Call]]) -> Scenario:
    return Scenario(tuple(shared.asked_of(promise, target, call) for target, call in asked))


def _known(promise: Promise, targets: list[Target]) -> list[Target]:
    """Return those of `targets` of which an oracle counts whatever text it is asked about."""
    words = _invariant(promise).oracles
    return [target for target in _targets(promise, targets) if words[target[0]] in _WHOLE]


def _long(piece: str, characters: int) -> Call:
    return Call(OPERATION, text=piece, times=characters // len(piece))


def _alike() -> tuple[Call, ...]:
    """Return counts of a text, of one that begins and ends like it, and of one that is as long as that."""
    short, long = _LONG_CHARACTERS[-2], 2 * _LONG_CHARACTERS[-2]
    return _long(_WORD, short), _long(_WORD, long), _long(_CHARACTER, long)


def _is_long(call: Call) -> bool:
    return call.text is not None and len(call.text) * call.times == CHARACTERS_MAX


def _call(known: Question) -> Call:
    return Call(OPERATION, messages=known.messages, tools=known.tools)


def _is_plain(messages: tuple[Message, ...]) -> bool:
    return all(message.keys() <= {"role", "content"} for message in messages)


def _plain_conversations() -> list[tuple[Message, ...]]:
    found: list[tuple[Message, ...]] = []
    for call in conversations.cells(Call(OPERATION)):
        if _is_plain(call.messages) and call.messages not in found:
            found.append(call.messages)
    return found


def _recorded(promise: Promise) -> list[Question]:
    """Return what recorded calls tell, of each provider not much more than `RECORDED_MAX` calls."""
    found = []
    for provider in promise.policy.chain:
        lines = [line for line in promise.usage if line.provider == provider]
        step = -(-len(lines) // RECORDED_MAX) or 1
        found += [known for line in lines[::step] if (known := question(line)) is not None]
    return found


def _strategy(promise: Promise, _: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    everyone = [*shared.declared_targets(promise), *shared.other_targets(promise)]
    targets = st.sampled_from(_targets(promise, everyone))
    a_text = texts.recipes().map(
        lambda recipe: Call(OPERATION, text=recipe.piece, times=recipe.times if recipe.piece else 1)
    )
    a_prompt = (
        conversations.calls(Call(OPERATION))
        .filter(lambda call: _is_plain(call.messages))
        .map(lambda call: Call(OPERATION, messages=call.messages))
    )
    drawn = st.builds(lambda target, call: _scenario(promise, target, call), targets, a_text | a_prompt)
    twice = st.builds(
        lambda target, call: _scenario(
            promise, target, call, replace(call, times=_OFTENER * call.times if call.text else 1)
        ),
        targets,
        a_text,
    )
    recorded = [
        _scenario(promise, (known.provider, known.model), _call(known)) for known in _recorded(promise)
    ]
    return st.one_of(drawn, drawn, twice, *([st.sampled_from(recorded)] if recorded else []))


# What is true, and whether the handler says it


def _truth(promise: Promise, history: History, scenario: Scenario, call: int) -> Count | NoCount:
    asked = shared.question(promise, scenario.calls[call])
    word = _invariant(promise).oracles.get(asked.provider)
    if word is None:
        return NoCount(f"no oracle is declared for {asked.provider}")
    oracle = ORACLES[word]
    evidence = Evidence(answered(history, call, asked.provider), promise.usage)
    return NoCount(oracle.missing()) if oracle.missing() else oracle.count(asked, evidence)


def _judged(promise: Promise, scenario: Scenario, history: History) -> Iterator[tuple[int, Count, Fraction]]:
    """Yield each call that has a count and a truth to hold it against."""
    for index, call in enumerate(scenario.calls):
        returned = shared.returned(history, index) if call.operation == OPERATION else None
        if returned is None or returned.number is None:
            continue
        truth = _truth(promise, history, scenario, index)
        if isinstance(truth, Count) and truth.certainty in ACCUSING:
            yield index, truth, returned.number


def _tolerated(promise: Promise, call: Call, truth: Count, tokens: int) -> Fraction:
    """Return by how many tokens a count may differ from `tokens`.

    What an endpoint counts for a text has a frame, as a message has.
    """
    invariant = _invariant(promise)
    prompts = len(call.messages) if call.text is None else int(truth.certainty is Certainty.PLAYED)
    floor = invariant.floor_tokens + invariant.floor_tokens_per_message * prompts
    return max(Fraction(str(invariant.tolerance)) * tokens, Fraction(floor))


def _required(promise: Promise) -> frozenset[str]:
    everyone = [*shared.declared_targets(promise), *shared.other_targets(promise)]
    labels = {f"counted by {provider} for {model}" for provider, model in _targets(promise, everyone)}
    for provider, _ in _known(promise, shared.declared_targets(promise)):
        labels |= {f"text outside ASCII counted by {provider}", f"{_LONG} counted by {provider}"}
    return frozenset(labels)


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels = set()
    for index, truth, _ in _judged(promise, scenario, history):
        call = scenario.calls[index]
        provider, model = shared.target_of(promise, call)
        labels |= {f"counted by {provider} for {model}", f"held against what is {truth.certainty}"}
        if call.text is not None and not call.text.isascii():
            labels.add(f"text outside ASCII counted by {provider}")
        if _is_long(call):
            labels.add(f"{_LONG} counted by {provider}")
    return frozenset(labels)


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings = []
    for index, truth, said in _judged(promise, scenario, history):
        call = scenario.calls[index]
        nearest = min((truth.tokens, *truth.also), key=lambda tokens: abs(said - tokens))
        tolerated = _tolerated(promise, call, truth, nearest)
        if abs(said - nearest) > tolerated:
            provider, model = shared.target_of(promise, call)
            findings.append(
                Finding(
                    code="too_low" if said < nearest else "too_high",
                    expected=f"{nearest} tokens for {model}, give or take {float(tolerated):g} "
                    f"({truth.certainty}: {truth.source})",
                    observed=f"the handler counts {float(said):g}",
                    call=index,
                    provider=provider,
                )
            )
    return findings


def _reservations(promise: Promise) -> tuple[str, ...]:
    """Return why some of the promise cannot be judged: a vocabulary, an oracle or a model is missing."""
    words = _invariant(promise).oracles
    reasons = [reason for word in words.values() if (reason := ORACLES[word].missing())]
    reasons += [
        f"no oracle is declared for {provider}" for provider in promise.policy.chain if provider not in words
    ]
    everyone = [*shared.declared_targets(promise), *shared.other_targets(promise)]
    for provider, model in _known(promise, everyone):
        count = ORACLES[words[provider]].count(Question(provider, model, text="a"), Evidence())
        reasons += [count.reason] if isinstance(count, NoCount) else []
    return tuple(dict.fromkeys(reasons))


def _describe(promise: Promise) -> str:
    invariant = _invariant(promise)
    oracles = ", ".join(
        f"{provider} by {word} ({ORACLES[word].summary})" for provider, word in invariant.oracles.items()
    )
    return (
        f"counts texts of many scripts and shapes, up to {CHARACTERS_MAX:,} characters long, texts that look "
        "alike one after the other, conversations and recorded prompts, and compares with what "
        f"is known of each provider: {oracles}. Tolerated are {invariant.tolerance:.2%}, and at least "
        f"{invariant.floor_tokens} tokens, {invariant.floor_tokens_per_message} more for each message"
    )


KIND = Kind(
    name="token_accuracy",
    summary="A token count is as near as promised to what the provider counts or bills.",
    model=TokenAccuracy,
    operations=(OPERATION,),
    faults=lambda _: (),
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
    reservations=_reservations,
)
