"""What can be declared: providers, the policy that the handler promises, and the base of every invariant.

Frozen pydantic models. A field that is not known is an error. What one model cannot see by itself (an
invariant against the policy, one list against another) is said by its `contradictions`, which the
loader asks, because only there has every field a place.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from llminv.declaration.fields import (
    BaseUrl,
    Chain,
    Choice,
    Count,
    DialectName,
    ErrorName,
    FaultWords,
    Id,
    KeyVariable,
    Limit,
    Line,
    NewProviderName,
    Number,
    Pause,
    Percent,
    Steps,
    Text,
    refusal,
    shown,
)
from llminv.simulation.faults import FAULTS, faults_of

# The steps to a value, relative to the model that says it, and what is wrong with it.
Contradiction = tuple[Steps, str]
Stance = Literal["fallback", "raise"]


class Fields(BaseModel):
    """The base of every model here and of the models inside an invariant."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True)


class Provider(Fields):
    """A provider as the handler knows it; `key` is the environment variable that holds its key."""

    dialect: DialectName
    base_url: BaseUrl
    key: KeyVariable
    model: Line


class Providers(RootModel[Annotated[dict[NewProviderName, Provider], Field(min_length=1)]]):
    """The declared providers by name."""


class Backoff(Fields):
    """The pause before retry n (from 0) is min(cap_s, first_s * factor**n), give or take `jitter`."""

    first_s: Pause = 0.5
    factor: Annotated[Number, Field(ge=1)] = 2.0
    cap_s: Pause = 8.0
    jitter: Percent = 0.25


class Retries(Fields):
    """How often the same provider is asked again, beyond the first attempt, and after which faults."""

    max: Count = 0
    faults: FaultWords = ()
    backoff: Backoff = Backoff()
    retry_after_cap_s: Pause = 60.0


class Timeouts(Fields):
    """Limits in seconds: of connecting, of the wait for the first token (in `complete`: the headers),
    of the wait for each later read, of one attempt, and of the whole call with all its attempts.
    """

    connect_s: Limit = 5.0
    first_token_s: Limit = 20.0
    idle_s: Limit = 20.0
    attempt_s: Limit = 60.0
    total_s: Limit = 300.0


class Stream(Fields):
    """What the handler does when a stream breaks, before and after the first content was passed on."""

    broken_before_content: Annotated[Literal["fallback", "error"], Choice()] = "fallback"
    broken_after_content: Annotated[Literal["error", "resume"], Choice()] = "error"


class Cooldown(Fields):
    """After so many failures in a row by one of `faults`, a provider is left alone for so long.

    `all_in_cooldown`: what a call does that finds every provider in cooldown. It tries them all the same, or
    raises the error of exhaustion and calls nobody; where it is left out, nothing is promised.
    """

    after_failures: Annotated[Count, Field(ge=1)]
    seconds: Limit
    faults: FaultWords
    all_in_cooldown: Annotated[Literal["raise", "try"], Choice()] | None = None


def _no_cooldown(value: object) -> object:
    if isinstance(value, str) and value != "none":
        raise refusal(
            f"expected none, or a mapping with {', '.join(Cooldown.model_fields)}, found {shown(value)}"
        )
    return None if value == "none" else value


class Policy(Fields):
    """What the handler promises to do when a provider fails.

    `fallback` and `raise` name faults or fault classes; a fault by name is more specific than its
    class. On a fault of neither list the policy is silent: nothing is promised, nothing is judged.
    """

    chain: Chain
    start: Annotated[Literal["first", "any"], Choice()] = "first"
    order: Annotated[Literal["rest", "rotate"], Choice()] = "rest"
    fallback: FaultWords = ()
    raise_: FaultWords = Field(default=(), alias="raise")
    exhausted: ErrorName
    retries: Retries = Retries()
    timeouts: Timeouts = Timeouts()
    stream: Stream = Stream()
    empty_answer: Annotated[Literal["complete", "malformed"], Choice()] = "complete"
    cooldown: Annotated[Cooldown | None, BeforeValidator(_no_cooldown)] = None
    failed_attempts: Annotated[Literal["billed_as_reported"], Choice()] = "billed_as_reported"

    def stance(self, fault: str) -> Stance | None:
        """Return what is promised for the fault of that name, None where the policy is silent.

        Raises KeyError for a name that is not in the fault table.
        """
        for word in (fault, FAULTS[fault].fault_class):
            if word in self.fallback:
                return "fallback"
            if word in self.raise_:
                return "raise"
        return None

    @property
    def fallback_faults(self) -> frozenset[str]:
        """The names of the faults after which the next provider is tried."""
        return frozenset(fault for fault in FAULTS if self.stance(fault) == "fallback")

    @property
    def raise_faults(self) -> frozenset[str]:
        """The names of the faults that the caller gets to see at once."""
        return frozenset(fault for fault in FAULTS if self.stance(fault) == "raise")

    @property
    def retry_faults(self) -> frozenset[str]:
        """The names of the faults after which the same provider is asked again."""
        return meant(self.retries.faults)

    def contradictions(self) -> list[Contradiction]:
        """Return what the policy says against itself."""
        return [
            (("raise", index), f"{word!r} is in fallback too; it can only be in one of the two")
            for index, word in enumerate(self.raise_)
            if word in self.fallback
        ]


def meant(words: tuple[str, ...]) -> frozenset[str]:
    """Return the names of all faults that `words` (faults or fault classes) mean."""
    return frozenset(fault for word in words for fault in faults_of(word))


class Accepted(Fields):
    """A known bug that does not fail a run; `bug` is its id in the ledger."""

    bug: Line
    reason: Text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class Invariant(Fields):
    """The fields that every invariant has; each kind adds its own in a subclass.

    `needs_prices` says that it means nothing without a price book.
    """

    needs_prices: ClassVar[bool] = False

    id: Id
    title: Line
    kind: Line
    statement: Text
    critical: Text
    max_examples: Annotated[Count, Field(ge=1)] = 100
    accepted: Annotated[tuple[Accepted, ...], BeforeValidator(_as_list)] = ()

    def usage_providers(self) -> frozenset[str]:
        """Return the providers by whose recorded usage the invariant is judged: none, but for tokens."""
        return frozenset()

    def contradictions(self, policy: Policy) -> list[Contradiction]:
        """Return what the invariant demands against the policy; a kind with more to say overrides this.

        `against_chain` and `against_fallback` are the common answers.
        """
        del policy
        return []


def against_chain(policy: Policy, chain: tuple[str, ...], steps: Steps = ("chain",)) -> list[Contradiction]:
    """Return the providers of a narrowed `chain` that the policy does not try, or not in that order."""
    whole = ", ".join(policy.chain)
    found: list[Contradiction] = []
    last = -1
    for index, provider in enumerate(chain):
        if provider not in policy.chain:
            found.append(((*steps, index), f"{provider!r} is not in the chain of the policy ({whole})"))
            continue
        position = policy.chain.index(provider)
        if position < last:
            message = f"{provider!r} comes before {policy.chain[last]!r} in the chain of the policy ({whole})"
            found.append(((*steps, index), message))
        last = max(last, position)
    return found


def against_fallback(
    policy: Policy, words: tuple[str, ...], steps: Steps = ("failures",)
) -> list[Contradiction]:
    """Return the `words` that mean a fault which the policy raises, for an invariant about fallback.

    A fault on which the policy is silent is no contradiction.
    """
    found: list[Contradiction] = []
    for index, word in enumerate(words):
        raised = [fault for fault in faults_of(word) if policy.stance(fault) == "raise"]
        if word in policy.raise_ or word in raised:
            found.append(((*steps, index), f"the policy raises {word!r} and does not fall back"))
        elif raised:
            message = (
                f"{word!r} means {', '.join(raised)} too, which the policy raises; name the faults meant"
            )
            found.append(((*steps, index), message))
    return found
