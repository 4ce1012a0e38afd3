"""The raw example with one bug each in what a call brings along, and in what has no key."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

from raw.handler import CHAIN, Handler

from llminv.contract import Reply


class KeepsTheFirstKey(Handler):
    """Public bug: https://github.com/BerriAI/litellm/issues/16667."""

    def _key(self, row, request):
        return super()._key(CHAIN[0], request)


class FallsBackToTheHouse(Handler):
    """Public bug: https://github.com/weave-os/router/pull/242."""

    def _key(self, row, request):
        return super()._key(row, request) if row is CHAIN[0] else self._keys[row.name]


class RemembersTheTenant(Handler):
    def __init__(self):
        super().__init__()
        self.seen = {}

    def _key(self, row, request):
        return self.seen.setdefault(row.name, super()._key(row, request))


class CarriesTheModelOver(Handler):
    def _translation(self, row, request):
        models = [override["model"] for override in request.overrides.values() if "model" in override]
        changed = row._replace(model=models[0]) if models else row
        return super()._translation(changed, request)


class CarriesTheParamsOver(Handler):
    def _translation(self, row, request):
        first = request.overrides.get("openai", {})
        request.overrides.setdefault(row.name, {"params": first.get("params", {})})
        return super()._translation(row, request)


class ApologisesWithoutKeys(Handler):
    def complete(self, request):
        if not any(self._keys.values()):
            return Reply("Please set a key.")
        return super().complete(request)


class AsksWithoutAKey(Handler):
    def _key(self, row, request):
        return super()._key(row, request) or "none"
