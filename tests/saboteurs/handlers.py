"""Handlers with what the examples do not have."""

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "kinds"))

from cooling_routers import Cools, RaisesWhenAllRest  # noqa: F401 - for the tests
from costing_routers import Costs
from stream_routers import Resumes  # noqa: F401 - for the tests


class Bills(Costs):
    """Bills what a failed attempt reported, and says what an answer alone costs."""

    stream = None

    def cost(self, usage, *, provider, model):
        return self.prices.cost(usage, provider=provider, model=model)

    def complete(self, request):
        self.spent = 0
        return super().complete(request)

    def reply(self, provider, data):
        try:
            reply = super().reply(provider, data)
        except LookupError:
            self.spent += self.cost_of(provider, provider.usage(json.loads(data)["usage"]))
            raise
        return reply if reply.cost is None else replace(reply, cost=reply.cost + self.spent)
