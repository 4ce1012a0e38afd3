"""Saboteurs of counts and costs: of what count_tokens and cost return, and of the cost in a reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from llminv.contract import Reply
from llminv.saboteurs.interface import Asked, Boundary, Course, Plant, Saboteur, this_call
from llminv.saboteurs.mixing import Shared, in_one_way
from llminv.saboteurs.replies import Changed, Said
from llminv.simulation.sites import Setting
from llminv.simulation.wire import Wire

# Counts and costs are of any type until they have been looked at, hence Any.
COUNT, COST = "count_tokens", "cost"
# The count of a prompt by a handler that counts all alike, and one above any that is played.
CONSTANT, HIGHEST = 7, 10**9


def counting(change: Callable[[int], Any]) -> type[Plant]:
    """Return the plant that changes every count."""

    class Counting(Plant):
        def value(self, operation: str, value: Any) -> Any:
            if operation != COUNT or not isinstance(value, int):
                return value
            changed = change(value)
            if changed != value or type(changed) is not type(value):
                self.act()
            return changed

    return Counting


def _fail(count: int) -> int:
    raise ValueError(f"Encountered text corresponding to disallowed special token, after {count} tokens")


class RaisesCounting(Plant):
    """Raises instead of counting."""

    def value(self, operation: str, value: Any) -> Any:
        if operation == COUNT:
            self.act()
            _fail(0)
        return value


def decimal_of(value: Any) -> Decimal | None:
    """Return a cost as a number, None where it is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def costing(change: Callable[[Decimal], Any]) -> type[Plant]:
    """Return the plant that changes every cost, asked for or reported."""

    class Costing(Changed):
        def value(self, operation: str, value: Any) -> Any:
            return self._changed(value) if operation == COST else value

        def said(self, said: Said) -> Said:
            return said if said.cost is None else replace(said, cost=self._changed(said.cost))

        def _changed(self, value: Any) -> Any:
            number = decimal_of(value)
            if number is None:
                return value
            self.act()
            return change(number)

    return Costing


class KnowsNoPrice(Plant):
    """Knows no price of any model."""

    def value(self, operation: str, value: Any) -> Any:
        if operation == COST:
            self.act()
            raise LookupError("this model isn't mapped yet")
        return value


class PricesTheUnknown(Plant):
    """Takes a model without a price for one that costs nothing."""

    def failed_value(self, operation: str, error: Exception) -> Any:
        if operation != COST:
            raise error
        self.act()
        return 0.0


class RunningTotal(Plant):
    """Returns what all requests cost so far."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._total = Decimal(0)

    def value(self, operation: str, value: Any) -> Any:
        number = decimal_of(value)
        if operation != COST or number is None:
            return value
        if self._total:
            self.act()
        self._total += number
        return self._total


class OthersCost(Shared):
    """Reports what another call cost."""

    told_fields: ClassVar[tuple[str, ...]] = ("usage", "provider", "cost")

    def mixed(self, own: Reply, others: list[Reply]) -> Reply:
        costs = [reply.cost for reply in others if reply.cost is not None]
        return replace(own, cost=costs[0]) if own.cost is not None and costs else own


class LosesCost(Changed):
    """Reports no cost."""

    def said(self, said: Said) -> Said:
        return replace(said, cost=None)


class LeavesFailuresOut(Changed):
    """Prices the answer alone, as the handler itself prices it, whatever was tried before."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._requests: dict[int, int] = {}

    def carry(self, wire: Wire) -> None:
        self._requests[wire.call] = self._requests.get(wire.call, 0) + 1
        wire.send()

    def said(self, said: Said) -> Said:
        if said.cost is None or said.usage is None or self.price is None or not said.provider:
            return said
        if self._requests.get(this_call(), 0) < 2:
            return said
        return replace(said, cost=self.price(said.usage, provider=said.provider, model=said.model))


class ChargesTheCache(Plant):
    """Answers later calls with the first reply, its cost included, and asks nobody."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._kept: Reply | None = None

    def whole(self, asked: Asked) -> Course[Reply]:
        if self._kept is None or self._kept.cost is None:
            self._kept = yield from super().whole(asked)
        else:
            self.act()
        return self._kept


NO_COUNT = "the handler counted nothing"
NO_COST = "the handler reports no cost"

ROWS = (
    Saboteur(
        "counts_half",
        Boundary.VALUE,
        ("too_low",),
        "counts with the tokenizer of another provider, and comes out low",
        "https://github.com/BerriAI/litellm/issues/4347",
        counting(lambda count: count // 2),
        NO_COUNT,
    ),
    Saboteur(
        "counts_double",
        Boundary.VALUE,
        ("too_high",),
        "counts with a margin on top of a tokenizer that is not the provider's",
        "https://github.com/ooples/token-optimizer-mcp/pull/222",
        counting(lambda count: 2 * count + 20),
        NO_COUNT,
    ),
    Saboteur(
        "raises_counting",
        Boundary.VALUE,
        ("raised",),
        "raises on texts that it does not expect",
        "https://github.com/Aider-AI/aider/issues/4741",
        RaisesCounting,
        NO_COUNT,
    ),
    Saboteur(
        "counts_in_fractions",
        Boundary.VALUE,
        ("not_an_int",),
        "divides characters by four",
        "https://github.com/Martian-Engineering/lossless-claw/issues/250",
        counting(lambda count: count / 4),
        NO_COUNT,
    ),
    Saboteur(
        "counts_below_nothing",
        Boundary.VALUE,
        ("negative",),
        "takes away more than there is",
        "https://github.com/QuantumNous/new-api/issues/3110",
        counting(lambda count: count - HIGHEST),
        NO_COUNT,
    ),
    Saboteur(
        "counts_a_frame",
        Boundary.VALUE,
        ("empty_not_zero",),
        "adds the same to every text, the empty one too",
        "https://github.com/hmarr/openai-chat-tokens/issues/9",
        counting(lambda count: count + CONSTANT),
        NO_COUNT,
    ),
    Saboteur(
        "counts_nothing",
        Boundary.VALUE,
        ("nothing_counted", "special_token"),
        "skips what it does not know",
        "https://github.com/BerriAI/litellm/pull/4036",
        counting(lambda _: 0),
        NO_COUNT,
    ),
    Saboteur(
        "counts_down",
        Boundary.VALUE,
        ("lowered",),
        "counts less where there is more",
        "https://github.com/QuantumNous/new-api/issues/3110",
        counting(lambda count: HIGHEST - count),
        NO_COUNT,
    ),
    Saboteur(
        "counts_all_alike",
        Boundary.VALUE,
        ("not_counted",),
        "leaves out what was added",
        "https://github.com/BerriAI/litellm/pull/4716",
        counting(lambda _: CONSTANT),
        NO_COUNT,
    ),
    Saboteur(
        "costs_a_thousand_times",
        Boundary.VALUE,
        ("wrong_cost", "sum_wrong"),
        "multiplies a price per thousand tokens by tokens",
        "https://github.com/microsoft/autogen/issues/3165",
        costing(lambda cost: cost * 1000),
        NO_COST,
    ),
    Saboteur(
        "costs_nan",
        Boundary.VALUE,
        ("not_a_cost",),
        "returns what is no amount",
        "https://github.com/BerriAI/litellm/issues/13957",
        costing(lambda _: float("nan")),
        NO_COST,
    ),
    Saboteur(
        "costs_less_than_nothing",
        Boundary.VALUE,
        ("negative_cost",),
        "takes cached tokens away that it never added",
        "https://github.com/QuantumNous/new-api/issues/3110",
        costing(lambda cost: -cost - 1),
        NO_COST,
    ),
    Saboteur(
        "knows_no_price",
        Boundary.VALUE,
        ("no_cost",),
        "knows no price for a model that has one",
        "https://github.com/BerriAI/litellm/issues/13957",
        KnowsNoPrice,
        NO_COST,
    ),
    Saboteur(
        "prices_the_unknown",
        Boundary.VALUE,
        ("unknown_model_priced",),
        "lets a model without a price cost nothing",
        "https://github.com/BerriAI/litellm/issues/14577",
        PricesTheUnknown,
        "no model was without a price",
    ),
    Saboteur(
        "running_total",
        Boundary.VALUE,
        ("cost_changes",),
        "returns what all requests cost so far",
        "https://github.com/BerriAI/litellm/issues/4965",
        RunningTotal,
        NO_COST,
    ),
    Saboteur(
        "reports_the_others_cost",
        Boundary.REPLY,
        ("cost_mixed",),
        "keeps the cost of a call where all calls look",
        "https://github.com/mastra-ai/mastra/issues/9564",
        OthersCost,
        NO_COST,
    ),
    Saboteur(
        "loses_cost_in_one_way",
        Boundary.REPLY,
        ("cost_lost",),
        "reports no cost in one way of calling",
        "https://github.com/BerriAI/litellm/issues/38696",
        in_one_way(LosesCost),
        "the handler reports no cost in a second way of calling",
    ),
    Saboteur(
        "leaves_failures_out",
        Boundary.REPLY,
        ("failed_attempt_unbilled",),
        "prices the answer and nothing that was tried before",
        "https://github.com/QuantumNous/new-api/pull/6145",
        LeavesFailuresOut,
        "the handler reports no cost after a failure, or offers no cost",
    ),
    Saboteur(
        "charges_the_cache",
        Boundary.REPLY,
        ("cost_without_request",),
        "charges for an answer that it had already",
        "https://github.com/langfuse/langfuse/issues/2112",
        ChargesTheCache,
        "no whole call with a cost followed another",
    ),
)
