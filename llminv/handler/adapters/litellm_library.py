"""What the adapters of litellm share: its import, names of models, who served, counts and costs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any

from llminv.contract import Chunk, Message, Usage, World

# A library's values are of its own types, which are not there when this is checked, hence Any.

# What litellm calls the price of each bucket, and the bucket whose price it is where it has none of its own:
# what is registered is laid over litellm's own prices, which have some.
RATES = {
    "input_cost_per_token": ("input", "input"),
    "output_cost_per_token": ("output", "output"),
    "cache_read_input_token_cost": ("cached_input", "input"),
    "cache_creation_input_token_cost": ("cache_write", "input"),
    "output_cost_per_reasoning_token": ("reasoning", "output"),
}


def named(provider: str, model: str) -> str:
    """Return the name under which litellm knows a model."""
    return f"{provider}/{model}"


def served(answer: Any) -> tuple[str, float | None]:
    """Return who served an answer or an event, and what litellm says that it costs."""
    hidden = answer._hidden_params  # noqa: SLF001 - where its documentation says that both stand
    return hidden.get("custom_llm_provider"), hidden.get("response_cost")


def prices_of(world: World) -> dict[str, dict[str, Any]]:
    """Return the declared prices in the way in which litellm takes custom ones, by its names of models."""
    unit = {"per_1k": 1_000, "per_1M": 1_000_000}.get(world.prices.get("unit", ""), 1)
    return {
        named(provider, model): {
            "litellm_provider": provider,
            "mode": "chat",
            **{
                rate: float(Decimal(row.get(bucket, row[otherwise])) / unit)
                for rate, (bucket, otherwise) in RATES.items()
            },
        }
        for provider, models in world.prices.get("models", {}).items()
        for model, (row, *_) in models.items()
    }


class Measures:
    """litellm, with its token counter and its prices, to which the declared ones are registered.

    https://docs.litellm.ai/docs/sdk_custom_pricing says how a user sets prices of their own.
    """

    def __init__(self, world: World) -> None:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its import would fetch the prices
        self.litellm = import_module("litellm")
        self.litellm.register_model(prices_of(world))

    def streamed_cost(self, events: Sequence[Any]) -> Chunk:
        """Return what litellm says that a stream costs, once `stream_chunk_builder` has put it together.

        https://docs.litellm.ai/docs/completion/stream has this for streams; their events have no cost.
        """
        whole = self.litellm.stream_chunk_builder(list(events))
        return Chunk("", cost=None if whole is None else served(whole)[1])

    def count_tokens(
        self,
        said: str | Sequence[Message],
        *,
        provider: str,
        model: str,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Count with `token_counter`."""
        what = {"text": said} if isinstance(said, str) else {"messages": list(said)}
        counted: int = self.litellm.token_counter(
            model=named(provider, model), tools=list(tools) or None, **what
        )
        return counted

    def cost(self, usage: Usage, *, provider: str, model: str) -> float:
        """Price with `completion_cost` an answer that reports this usage."""
        reported = self.litellm.Usage(
            prompt_tokens=usage.input_tokens,
            completion_tokens=usage.output_tokens,
            total_tokens=(usage.input_tokens or 0) + (usage.output_tokens or 0),
            reasoning_tokens=usage.reasoning_tokens,
            cache_read_input_tokens=usage.cached_input_tokens,
            cache_creation_input_tokens=usage.cache_write_tokens,
        )
        answer = self.litellm.ModelResponse(model=model, usage=reported)
        price: float = self.litellm.completion_cost(answer, model=model, custom_llm_provider=provider)
        return price
