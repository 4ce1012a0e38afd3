"""One attempt at a streamed answer: how it is put together, how long it may take, and whether it is whole."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from byok.cost import reply_cost
from byok.errors import ProviderError
from byok.faults import malformed
from byok.policy import FIRST_TOKEN_S, IDLE_S, FaultClass
from llminv.contract import Chunk, Request, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

# How long to wait for the end of a body whose last event is there: once that is read, the connection can
# serve the next call.
REST_S = 0.25


@dataclass
class PartialCall:
    """A tool call that is being put together from its fragments."""

    id: str | None = None
    name: str | None = None
    arguments: list[str] = field(default_factory=list)


@dataclass
class StreamedAnswer:
    """What a provider has said so far; an adapter tells it what it reads.

    Text is handed out at once. All else is kept until the answer is whole, because only then is it worth
    anything: tool calls, of which half is not a call, the finish reason, and the usage, whose last word
    counts. `finish_reason` is None until the provider has said that, and why, it has finished. `ended` says
    that nothing more can come.
    """

    provider: str
    model: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    calls: list[PartialCall] = field(default_factory=list)
    ended: bool = False
    _texts: list[str] = field(default_factory=list)
    _moved: bool = False

    def say(self, text: str | None) -> None:
        """Add a piece of the text."""
        for piece in _text(text):
            self._texts.append(piece)
            self._moved = True

    def go_on(self) -> None:
        """Note a sign of life that is not shown: a thought, a fragment of a call."""
        self._moved = True

    def open_call(self, call_id: str | None, name: str | None) -> PartialCall:
        """Begin one more tool call."""
        self.calls.append(PartialCall(call_id, name))
        self._moved = True
        return self.calls[-1]

    def add_to(self, call: PartialCall, arguments: str | None) -> None:
        """Add a fragment of the arguments of a call."""
        call.arguments += _text(arguments)
        self._moved = True

    def finish(self, reason: str | None) -> None:
        """Note why the answer is over, if it is."""
        if reason is not None:
            self.finish_reason = reason
            self._moved = True

    def moved(self) -> bool:
        """Return whether the answer has come forward since this was asked last: pings do not count."""
        moved, self._moved = self._moved, False
        return moved

    def said(self) -> Iterator[Chunk]:
        """Yield the text that has not been handed out."""
        texts, self._texts = self._texts, []
        return (self._chunk(text=text) for text in texts)

    def rest(self) -> Iterator[Chunk]:
        """Yield what was kept; raise ProviderError where the answer is not whole."""
        if self.finish_reason is None:
            raise malformed(EOFError("the stream ended before the answer did"))
        for index, call in enumerate(self.calls):
            yield self._chunk(tool_call=ToolCall(call.id, call.name, "".join(call.arguments), index))
        cost = reply_cost(self.usage, self.provider, self.model)
        yield self._chunk(finish_reason=self.finish_reason, usage=self.usage, cost=cost)

    def _chunk(self, **said: Any) -> Chunk:  # Any: the fields of a chunk
        return Chunk(provider=self.provider, model=self.model, **said)


def _text(text: str | None) -> list[str]:
    """Return a text, if it says something; raise TypeError for what is none: the SDKs do not look."""
    if text is not None and not isinstance(text, str):
        raise TypeError("what an answer says is not text")
    return [text] if text else []


class Streaming(Protocol):
    """An account at a provider, as far as streams go."""

    name: str

    def stream(self, request: Request, answer: StreamedAnswer) -> AsyncGenerator[None, None]:
        """Make one attempt: yield after every event that `answer` was told of; raise ProviderError."""


async def streamed(adapter: Streaming, request: Request, limit_s: float) -> AsyncGenerator[Chunk, None]:
    """Yield the answer of one attempt; raise ProviderError where there is none, or not the whole of it.

    However it ends, be it that the consumer wants no more, the connection is let go of then and there.
    """
    answer = StreamedAnswer(adapter.name)
    patience = _Patience(limit_s)
    async with contextlib.aclosing(adapter.stream(request, answer)) as events:
        going_on = True
        while going_on:
            failure = None
            try:
                going_on = await patience.wait(events)
            except ProviderError as error:
                going_on, failure = False, error
            for chunk in answer.said():
                yield chunk
            if failure is not None and answer.finish_reason is None:
                raise failure
            if answer.moved():
                patience.renew(REST_S if answer.ended else IDLE_S)
        for chunk in answer.rest():
            yield chunk


class _Patience:
    """How long an attempt may still take, and until it comes forward; a slow consumer is not counted."""

    def __init__(self, limit_s: float) -> None:
        self._left_s = limit_s
        self._idle_left_s = FIRST_TOKEN_S

    def renew(self, idle_s: float) -> None:
        """Let so much pass until the answer comes forward again."""
        self._idle_left_s = idle_s

    async def wait(self, events: AsyncGenerator[None, None]) -> bool:
        """Wait for the next event; return whether there is one, raise ProviderError where it is late."""
        started_s = time.monotonic()
        try:
            async with asyncio.timeout(min(self._left_s, self._idle_left_s)):
                await anext(events)
        except StopAsyncIteration:
            return False
        except TimeoutError as error:
            raise ProviderError(FaultClass.TIMEOUT, error) from error
        finally:
            spent_s = time.monotonic() - started_s
            self._left_s -= spent_s
            self._idle_left_s -= spent_s
        return True
