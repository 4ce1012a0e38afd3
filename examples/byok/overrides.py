"""What a call brings along for single providers: a key, a model, or parameters on top of the others.

A client belongs to one key. So a call with overrides gets adapters of its own, closed at its end; what
it does not override, it shares with all other calls.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from byok.request import checked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

    from byok.handler import Adapter, Provider
    from byok.streaming import StreamedAnswer
    from llminv.contract import Reply, Request


@contextlib.asynccontextmanager
async def overridden(
    shared: Mapping[str, Adapter], rows: Sequence[Provider], keys: Mapping[str, str], request: Request
) -> AsyncIterator[dict[str, Adapter]]:
    """Give the adapters for one call, in the order of `rows`: of `shared`, but for what it overrides."""
    adapters: dict[str, Adapter] = {}
    async with contextlib.AsyncExitStack() as stack:
        for row in rows:
            override = request.overrides.get(row.name, {})
            key = override.get("api_key") or keys[row.name]
            if override and key:
                own = row.adapter(row.name, override.get("model", row.model), key)
                stack.push_async_callback(own.aclose)
                adapters[row.name] = WithParams(own, override.get("params", {}))
            elif row.name in shared:
                adapters[row.name] = shared[row.name]
        yield adapters


@dataclass(frozen=True)
class WithParams:
    """An adapter that is asked with parameters of its own."""

    adapter: Adapter
    params: Mapping[str, object]

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.adapter.name

    async def complete(self, request: Request) -> Reply:
        """See `Adapter`."""
        return await self.adapter.complete(self._asked(request))

    def stream(self, request: Request, answer: StreamedAnswer) -> AsyncGenerator[None, None]:
        """See `Streaming`."""
        return self.adapter.stream(self._asked(request), answer)

    async def aclose(self) -> None:
        """See `Adapter`."""
        await self.adapter.aclose()

    def _asked(self, request: Request) -> Request:
        return checked(replace(request, params={**request.params, **self.params}))
