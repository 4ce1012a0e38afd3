"""The example router behind a circuit breaker that counts for the life of its process."""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.errors import ProviderError
from byok.handler import Handler as Example

FAILURES_MAX = 6
failures = Counter()


class Handler(Example):
    """Leaves out a provider for good once it has failed so often."""

    def route(self, start):
        return [name for name in super().route(start) if failures[name] < FAILURES_MAX]

    async def attempt(self, name, request, limit_s):
        outcome = await super().attempt(name, request, limit_s)
        failures[name] += isinstance(outcome, ProviderError)
        return outcome
