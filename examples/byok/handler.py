"""Bring your own keys: one call, routed over OpenAI, Anthropic, DeepSeek and Gemini until one answers.

`PROVIDERS` is the chain. An adapter turns a request into one attempt at its provider and returns the
reply or raises ProviderError; `Handler` decides what follows from it, by the lists of `policy.py`.
Nothing here knows a wire format, and nothing below tries anything twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import os
import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this file may be loaded by its path alone

from byok import policy
from byok.anthropic_messages import AnthropicMessages
from byok.cost import cost
from byok.errors import Attempt, NoProviderAvailable, ProviderError, StreamInterrupted
from byok.gemini import Gemini
from byok.openai_chat import DeepSeekChat, OpenAIChat
from byok.overrides import overridden
from byok.policy import FaultClass
from byok.request import checked
from byok.streaming import Streaming, streamed
from byok.tokens import Tools, count_tokens
from llminv.contract import Chunk, Message, Reply, Request, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
    from decimal import Decimal

logger = logging.getLogger("byok")


class Adapter(Streaming, Protocol):
    """One account at one provider, through its SDK."""

    async def complete(self, request: Request) -> Reply:
        """Make one attempt; raise ProviderError where it fails."""

    async def aclose(self) -> None:
        """Close the connections."""


@dataclass(frozen=True)
class Provider:
    """A row of the chain; `adapter` is called with name, model and key."""

    name: str
    model: str
    key_variable: str
    adapter: Callable[[str, str, str], Adapter]


PROVIDERS = (
    Provider("openai", "gpt-4o-mini", "OPENAI_API_KEY", OpenAIChat),
    Provider("anthropic", "claude-opus-4-8", "ANTHROPIC_API_KEY", AnthropicMessages),
    Provider("deepseek", "deepseek-chat", "DEEPSEEK_API_KEY", DeepSeekChat),
    Provider("gemini", "gemini-2.5-flash", "GEMINI_API_KEY", Gemini),
)

# Those that have an endpoint which counts.
COUNTING = frozenset(row.name for row in PROVIDERS if row.adapter in (AnthropicMessages, Gemini))


class Accounts(dict[str, Adapter]):
    """The adapters of all providers that have a key, each made when it is first asked."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__()
        self._keys = keys

    def __contains__(self, name: object) -> bool:
        return bool(self._keys.get(str(name)))

    def __missing__(self, name: str) -> Adapter:
        row = next(row for row in PROVIDERS if row.name == name)
        self[name] = row.adapter(row.name, row.model, self._keys[row.name])
        return self[name]


class Handler:
    """The router. A provider whose key is not in the environment is left out of the chain."""

    chain: ClassVar[Sequence[str]] = tuple(provider.name for provider in PROVIDERS)
    fallback: ClassVar[frozenset[FaultClass]] = policy.FALLBACK

    def __init__(self) -> None:
        self.keys = {row.name: os.environ.get(row.key_variable, "").strip() for row in PROVIDERS}
        self.adapters: dict[str, Adapter] = Accounts(self.keys)

    async def aclose(self) -> None:
        """Close all connections, even where closing some of them fails."""
        async with contextlib.AsyncExitStack() as stack:
            for adapter in self.adapters.values():
                stack.push_async_callback(adapter.aclose)

    @contextlib.asynccontextmanager
    async def _as_asked(self, request: Request) -> AsyncIterator[Self]:
        """Give this router with the keys, models and parameters that come with a call."""
        async with overridden(self.adapters, PROVIDERS, self.keys, request) as adapters:
            own = copy.copy(self)
            own.adapters = adapters
            yield own

    async def acomplete(self, request: Request) -> Reply:
        """Return the reply of the first provider that answers.

        Raises NoProviderAvailable where none does in time, the provider's own error where it refuses the
        request or the content, and UnsupportedRequestError where the request does not fit the chain.
        """
        if request.overrides:
            async with self._as_asked(request) as own:
                return await own.acomplete(replace(request, overrides={}))
        request = checked(request)
        ends_at_s = asyncio.get_running_loop().time() + policy.TOTAL_S
        attempts: list[Attempt] = []
        for name in self.route(request.start):
            reply = await self._ask(name, request, ends_at_s, attempts)
            if reply is not None:
                return reply
        raise NoProviderAvailable(attempts) from (attempts[-1].error if attempts else None)

    async def _ask(
        self, name: str, request: Request, ends_at_s: float, attempts: list[Attempt]
    ) -> Reply | None:
        """Return the reply of one provider, None where the next one is to be asked; note what failed."""
        now = asyncio.get_running_loop().time
        for retry in range(policy.RETRIES_MAX + 1):
            left_s = ends_at_s - now()
            if left_s <= 0:
                break
            outcome = await self.attempt(name, request, min(policy.ATTEMPT_S, left_s))
            if isinstance(outcome, Reply):
                return outcome
            if not await self._once_more(name, outcome, retry, ends_at_s, attempts):
                break
        return None

    async def astream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the answer of the first provider that gives one, as it comes.

        Tool calls come behind the text, each whole; the last chunk has finish reason and usage. Raises what
        `acomplete` raises, and StreamInterrupted where an answer breaks off behind its first text.
        """
        if request.overrides:
            async with (
                self._as_asked(request) as own,
                contextlib.aclosing(own.astream(replace(request, overrides={}))) as chunks,
            ):
                async for chunk in chunks:
                    yield chunk
            return
        request = checked(request)
        ends_at_s = asyncio.get_running_loop().time() + policy.TOTAL_S
        attempts: list[Attempt] = []
        for name in self.route(request.start):
            answered = False
            async with contextlib.aclosing(self._ask_stream(name, request, ends_at_s, attempts)) as chunks:
                async for chunk in chunks:
                    answered = True
                    yield chunk
            if answered:
                return
        raise NoProviderAvailable(attempts) from (attempts[-1].error if attempts else None)

    async def _ask_stream(
        self, name: str, request: Request, ends_at_s: float, attempts: list[Attempt]
    ) -> AsyncGenerator[Chunk, None]:
        """Yield the answer of one provider, nothing where the next one is to be asked; note what failed."""
        now = asyncio.get_running_loop().time
        for retry in range(policy.RETRIES_MAX + 1):
            left_s = ends_at_s - now()
            if left_s <= 0:
                break
            begun = False
            answer = streamed(self.adapters[name], request, min(policy.ATTEMPT_S, left_s))
            try:
                async with contextlib.aclosing(answer) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
            except ProviderError as error:
                failure = error
            else:
                return
            if begun:
                attempts.append(failure.as_attempt(name))
                raise StreamInterrupted(attempts) from failure.cause
            if not await self._once_more(name, failure, retry, ends_at_s, attempts):
                break

    async def _once_more(
        self, name: str, failure: ProviderError, retry: int, ends_at_s: float, attempts: list[Attempt]
    ) -> bool:
        """Note a failure, pause, and return whether to ask the same provider again; raise what is refused."""
        if failure.fault_class not in self.fallback:
            raise failure.cause
        attempts.append(failure.as_attempt(name))
        logger.warning("attempt failed: %s", attempts[-1])
        pause_s = _pause_s(failure, retry)
        if pause_s is None or asyncio.get_running_loop().time() + pause_s >= ends_at_s:
            return False
        await asyncio.sleep(pause_s)
        return True

    async def count_tokens(
        self, said: str | Sequence[Message], *, provider: str, model: str, tools: Tools = ()
    ) -> int:
        """Return the tokens of a text or of messages; raise the error of a provider that does not count."""
        ask = {}
        if provider in COUNTING and provider in self.adapters:
            ask[provider] = self.adapters[provider].count_tokens
        try:
            async with asyncio.timeout(policy.ATTEMPT_S):
                return await count_tokens(said, tools, model, provider=provider, ask=ask)
        except ProviderError as error:
            raise error.cause from None

    def cost(self, usage: Usage, *, provider: str, model: str) -> Decimal:
        """Return what a usage costs, in US dollars; raise UnknownCostError where nobody can say."""
        return cost(usage, provider, model)

    def route(self, start: str | None) -> list[str]:
        """Return the providers to try, in order: from `start` on, those that have a key."""
        if start is not None and start not in self.chain:
            raise ValueError(f"no provider is called {start!r}: the chain is {', '.join(self.chain)}")
        first = 0 if start is None else list(self.chain).index(start)
        return [name for name in self.chain[first:] if name in self.adapters]

    async def attempt(self, name: str, request: Request, limit_s: float) -> Reply | ProviderError:
        """Return the reply of one attempt of at most `limit_s`, or how it failed."""
        try:
            async with asyncio.timeout(limit_s):
                return await self.adapters[name].complete(request)
        except ProviderError as error:
            return error
        except TimeoutError as error:
            return ProviderError(FaultClass.TIMEOUT, error)


def _pause_s(failure: ProviderError, retry: int) -> float | None:
    """Return how long to wait before retry number `retry` (from 0), None to go to the next provider."""
    if retry == policy.RETRIES_MAX or failure.fault_class not in policy.RETRIED:
        return None
    if failure.retry_after_s is not None:
        return failure.retry_after_s if failure.retry_after_s <= policy.RETRY_AFTER_CAP_S else None
    pause_s = policy.BACKOFF_FIRST_S * policy.BACKOFF_FACTOR**retry
    spread = 1 + policy.BACKOFF_JITTER * (2 * random.random() - 1)  # noqa: S311 - spreads load, guards nothing
    return min(pause_s * spread, policy.BACKOFF_CAP_S)
