"""What the kinds about tokens share: whom they ask, what a call asks, what came back, texts for tokenizers.

A scenario of tokens counts one thing, or one thing before and after something was added to it. The first
provider of the chain and the declared models are what a call leaves open, so that a minimal scenario says
only what matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from llminv.declaration.fields import Line, ProviderName
from llminv.declaration.models import Invariant
from llminv.history import History, Returned
from llminv.kinds.laws import texts
from llminv.oracles.tokens.interface import Question
from llminv.scenario import Call

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

OPERATION = "count_tokens"

# Texts in the shapes of what people send, beside those by script in `texts`.
SHAPES: Mapping[str, str] = MappingProxyType(
    {
        "prose": "A model reads tokens, not words, and a bill counts them. Short words are one each. " * 3,
        "code": "def total(rows):\n    return sum(row['tokens'] for row in rows if row is not None)\n" * 3,
        "json": '{"id": 17, "name": "Łódź", "tags": ["a", "b"], "at": "2026-11-22T18:33:29Z", "x": null}' * 3,
        "csv": "2026-11-22,18.5,-0.25,1000000,3.14159265358979\n" * 6,
        "digits": "31415926535897932384626433832795028841971693993751" * 3,
        "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" * 3,
        "white space": " " * 90 + "\n" * 30 + "\t" * 30,
        "hindi": "यह वाक्य केवल इसलिए लिखा गया है कि उसके अक्षरों और मात्राओं को गिना जा सके। " * 2,
        "chinese": "这句话只是为了让人数一数它有多少个词元,除此之外没有别的意思。" * 2,
        "arabic": "كتبت هذه الجملة لكي تعد رموزها فقط وليس لها معنى آخر غير ذلك. " * 2,
        "emoji": "👩‍👩‍👧🏳️‍🌈👍🏽🇫🇷❤️😀" * 5,
    }
)

# A provider and a model of it.
Target = tuple[str, str]


class TokensInvariant(Invariant):
    """The fields of a kind about tokens: models to ask about, by provider, besides the declared ones."""

    models: dict[ProviderName, tuple[Line, ...]] = Field(default_factory=dict)


Model = TypeVar("Model", bound=TokensInvariant)


def tokens(promise: Promise, model: type[Model]) -> Model:
    """Return the invariant of `promise` as the model of its kind."""
    if not isinstance(promise.invariant, model):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


def declared_targets(promise: Promise) -> list[Target]:
    """Return each provider of the chain with its declared model."""
    return [(provider, promise.providers[provider].model) for provider in promise.policy.chain]


def other_targets(promise: Promise) -> list[Target]:
    """Return the other models that the invariant names."""
    models = tokens(promise, TokensInvariant).models
    return [(provider, name) for provider, names in models.items() for name in names]


def asked_of(promise: Promise, target: Target, call: Call) -> Call:
    """Return `call` asked of `target`; what a call means by itself is left open."""
    provider, model = target
    return replace(
        call,
        provider=None if provider == promise.policy.chain[0] else provider,
        model=None if model == promise.providers[provider].model else model,
    )


def target_of(promise: Promise, call: Call) -> Target:
    """Return the provider and the model that `call` asks about."""
    provider = call.provider or promise.policy.chain[0]
    declared = promise.providers[provider].model if provider in promise.providers else ""
    return provider, call.model or declared


def question(promise: Promise, call: Call) -> Question:
    """Return what `call` asks."""
    provider, model = target_of(promise, call)
    if call.text is not None:
        return Question(provider, model, text=call.text * call.times)
    return Question(provider, model, messages=call.messages, tools=call.tools)


def returned(history: History, call: int) -> Returned | None:
    """Return what the handler returned for `call`, None where it did not return."""
    outcome = history.outcome(call)
    return outcome if isinstance(outcome, Returned) else None


def texts_by_name() -> dict[str, str]:
    """Return a text of each script and of each shape."""
    return {name: " ".join(stretches) for name, stretches in texts.SCRIPTS.items()} | dict(SHAPES)
