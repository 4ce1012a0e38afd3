"""A promise: one declared invariant with the policy, providers and prices it is about, resolved.

Frozen and JSON-able (`model_dump(mode="json")`): it is what kinds judge against, what a bug records, and
what a worker process is given (`setting()`).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from llminv.declaration.models import Invariant, Policy, Provider
from llminv.errors import Place


class Promise(BaseModel):
    """One invariant, ready to be played: `invariant` is an instance of its kind's own model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    invariant: SerializeAsAny[Invariant]
    providers: dict[str, Provider]
    policy: Policy
    # Price books come with the invariants of cost; until a book is declared this is empty.
    prices: dict[str, Any] = {}
    place: Place

    def setting(self) -> dict[str, Any]:
        """Return what the simulation and the handler's World are made of, as JSON-able values."""
        return {
            "providers": {name: provider.model_dump(mode="json") for name, provider in self.providers.items()},
            "policy": self.policy.model_dump(mode="json", by_alias=True),
            "prices": self.prices,
        }
