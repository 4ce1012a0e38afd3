"""A promise: one declared invariant with what it is about: policy, providers, prices, recorded usage.

Frozen and JSON-able (`to_json`, `from_json`): it is what kinds judge against, what a bug records, and
what a worker process is given (`setting()`).
"""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from llminv.declaration.models import Invariant, Policy, Provider
from llminv.declaration.prices import PriceBook
from llminv.declaration.usage import Recorded
from llminv.errors import Place


class Promise(BaseModel):
    """One invariant, ready to be played: `invariant` is an instance of its kind's own model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    invariant: SerializeAsAny[Invariant]
    providers: dict[str, Provider]
    policy: Policy
    prices: PriceBook = PriceBook()
    usage: tuple[Recorded, ...] = ()
    place: Place

    def setting(self) -> dict[str, Any]:
        """Return what the simulation and the handler's World are made of, as JSON-able values."""
        return {
            "providers": {
                name: provider.model_dump(mode="json") for name, provider in self.providers.items()
            },
            "policy": self.policy.model_dump(mode="json"),
            "prices": self.prices.model_dump(mode="json", exclude_none=True),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the promise as JSON-able values, without None (TOML has none)."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], kinds: Mapping[str, type[Invariant]]) -> Self:
        """Read what `to_json` made, the invariant as the model of its kind.

        Raises ValueError for whatever does not fit, pydantic's ValidationError included.
        """
        declared = data.get("invariant")
        kind = str(declared.get("kind")) if isinstance(declared, Mapping) else ""
        if kind not in kinds:
            raise ValueError(f"invariant.kind: {kind!r} is no kind that this llminv knows")
        return cls.model_validate({**data, "invariant": kinds[kind].model_validate(declared)})
