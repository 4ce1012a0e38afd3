"""Calling a handler as a scenario says, and recording how each call ended.

Calls follow one another, or start together: asynchronous ones as tasks of one loop, blocking ones each
in a thread of its own. Whatever the handler raises or returns becomes an event; nothing of it leaves
this module.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import NoneType
from typing import Any

from llminv.contract import Chunk, Reply, Request, ToolCall, Usage
from llminv.handler.consuming import Consumer
from llminv.handler.errors import attempts_of, chain_of, error_info
from llminv.handler.measuring import MEASURES, NUMBERS, arguments_of, repeats, told_cost, written
from llminv.handler.spec import is_async, method_of
from llminv.history import (
    CallStarted,
    ChunkReceived,
    ConsumerStopped,
    ContractBroken,
    Raised,
    Released,
    Replied,
    Stopped,
)
from llminv.scenario import Call
from llminv.simulation.loop import SimulatedLoop
from llminv.simulation.providers import current_call, marker
from llminv.simulation.sites import Setting, with_keys
from llminv.simulation.transport import Stage

# A handler, its methods and what they return are of any type until they have been looked at, hence Any.
OnError = Callable[[BaseException], object]

# The fields that replies and chunks share, and what may stand in them.
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "finish_reason": (str, NoneType),
    "usage": (Usage, NoneType),
    "provider": (str, NoneType),
    "model": (str, NoneType),
}


class ContractBrokenError(Exception):
    """The handler returned what the contract does not know; the message says what."""


class Caller:
    """Calls one handler in one scenario; `on_error` is handed whatever the handler raises."""

    def __init__(
        self, stage: Stage, handler: Any, loop: SimulatedLoop, setting: Setting, on_error: OnError
    ) -> None:
        self._stage = stage
        self._handler = handler
        self._setting = setting
        self._loop = loop
        self._on_error = on_error

    def play(self, calls: Sequence[Call]) -> None:
        """Make all calls, in groups of those that start together, until it is stopped."""
        for group in _groups(calls):
            self._pause(calls, group[0])
            if len(group) == 1 and not self._is_async(calls[group[0]]):
                self._call(group[0], calls[group[0]])
            elif any(self._is_async(calls[index]) for index in group):
                self._on_loop(calls, group)
            else:
                self._in_threads(calls, group)
            if self._stage.clock.stopped is not None:
                break

    def failed(self, index: int, error: BaseException) -> None:
        """Record how a call ended that did not return; a stop of the scenario comes before all else."""
        stage = self._stage
        stopped = stage.clock.stopped
        if stopped is not None:
            stage.recorder.add(Stopped, call=index, reason=stopped.reason, detail=stopped.detail)
            return
        if isinstance(error, ContractBrokenError):
            stage.recorder.add(ContractBroken, call=index, observed=str(error))
            return
        self._on_error(error)
        clean = stage.recorder.clean_stable
        stage.recorder.add(
            Raised,
            call=index,
            error=error_info(error, clean),
            chain=chain_of(error, clean),
            attempts=attempts_of(error, clean),
        )

    # Starting calls

    def _is_async(self, call: Call) -> bool:
        if call.operation in MEASURES:
            return is_async(method_of(self._handler, call.operation))
        return call.operation in ("acomplete", "astream")

    def _pause(self, calls: Sequence[Call], index: int) -> None:
        seconds = calls[index].wait_s
        if not seconds:
            return
        if any(map(self._is_async, calls)):
            self._loop.run_until_complete(asyncio.sleep(seconds))
        else:
            self._stage.wait(seconds, "between two calls")

    def _on_loop(self, calls: Sequence[Call], group: Sequence[int]) -> None:
        async def together() -> None:
            await asyncio.gather(*[self._acall(index, calls[index]) for index in group])

        try:
            self._loop.run_until_complete(together())
        except BaseException as error:
            # Only a stop of the scenario gets here: it unwinds the loop itself, past every task.
            for index in group:
                if index in self._stage.active:
                    self._end(index, error)

    def _in_threads(self, calls: Sequence[Call], group: Sequence[int]) -> None:
        threads = [
            threading.Thread(target=self._call, args=(index, calls[index]), name=f"call {index}")
            for index in group
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException as error:
            for index in group:
                if index in self._stage.active:
                    self._end(index, error)

    # One call

    def _call(self, index: int, call: Call) -> None:
        self._begin(index, call)
        token = current_call.set(index)
        try:
            if call.operation in MEASURES:
                for _ in range(repeats(call)):
                    self._returned(index, self._result(index, call))
            elif call.operation == "stream":
                self._streamed(index, call)
            else:
                self._replied(index, _reply(self._result(index, call)))
        except BaseException as error:
            self._end(index, error)
        else:
            self._end(index, None)
        finally:
            current_call.reset(token)

    async def _acall(self, index: int, call: Call) -> None:
        if not self._is_async(call):
            await asyncio.to_thread(self._call, index, call)
            return
        self._begin(index, call)
        await asyncio.sleep(0)  # connections that were dropped meanwhile are seen before the handler looks
        current_call.set(index)
        try:
            if call.operation in MEASURES:
                for _ in range(repeats(call)):
                    self._returned(index, await self._result(index, call))
            elif call.operation == "astream":
                await self._astreamed(index, call)
            else:
                self._replied(index, _reply(await self._result(index, call)))
        except BaseException as error:
            self._end(index, error)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            self._end(index, None)

    # Who consumes a stream is handed the only reference to it, so that it is let go of where it stops.

    def _streamed(self, index: int, call: Call) -> None:
        consumer = self._consumer(index, call)
        consumer.take(_iterator(self._result(index, call)))
        self._consumed(index, consumer)

    async def _astreamed(self, index: int, call: Call) -> None:
        consumer = self._consumer(index, call)
        await consumer.atake(await _async_iterator(self._result(index, call)))
        self._consumed(index, consumer)

    def _consumer(self, index: int, call: Call) -> Consumer:
        stops = partial(self._stage.recorder.add, ConsumerStopped, call=index)
        return Consumer(call, partial(self._chunk, index), stops)

    def _result(self, index: int, call: Call) -> Any:
        method = method_of(self._handler, call.operation)
        if call.operation not in MEASURES:
            return method(request_of(index, call))
        positional, named = arguments_of(call, self._setting)
        return method(*positional, **named)

    # Recording

    def _begin(self, index: int, call: Call) -> None:
        self._stage.begin(index)
        self._stage.recorder.add(CallStarted, call=index, operation=call.operation)

    def _end(self, index: int, error: BaseException | None) -> None:
        if error is not None:
            self.failed(index, error)
        self._stage.end(index)

    def _consumed(self, index: int, consumer: Consumer) -> None:
        if consumer.stopped and self._stage.clock.stopped is None:
            self._stage.recorder.add(Released, call=index)
        else:
            self._replied(index, None)

    def _replied(self, index: int, reply: Reply | None) -> None:
        if self._stage.clock.stopped is not None:
            raise self._stage.clock.stopped
        if reply is not None:
            text = self._stage.recorder.clean(reply.text)
            reply = replace(reply, text=text, tool_calls=tuple(reply.tool_calls), cost=self._cost(reply))
        self._stage.recorder.add(Replied, call=index, reply=reply)

    def _returned(self, index: int, value: Any) -> None:
        if self._stage.clock.stopped is not None:
            raise self._stage.clock.stopped
        if inspect.iscoroutine(value):
            value.close()
        type_name, text = written(value)
        if type_name not in NUMBERS:
            text = self._stage.recorder.clean_stable(text)
        self._stage.recorder.returned(index, type_name, text)

    def _chunk(self, index: int, chunk: Any) -> None:
        if self._stage.clock.stopped is not None:
            raise self._stage.clock.stopped
        if isinstance(chunk, str):
            chunk = Chunk(chunk)
        if not isinstance(chunk, Chunk):
            raise ContractBrokenError(f"a chunk that is {_type_name(chunk)}")
        _checked(chunk, "a Chunk", {**_FIELDS, "tool_call": (ToolCall, NoneType)})
        text = self._stage.recorder.clean(chunk.text)
        cleaned = replace(chunk, text=text, cost=self._cost(chunk))
        self._stage.recorder.add(ChunkReceived, call=index, chunk=cleaned)

    def _cost(self, told: Reply | Chunk) -> Decimal | float | str | None:
        """Return the cost that the caller was told, whatever it is: the kinds about cost judge that."""
        cost = told_cost(told.cost)
        return self._stage.recorder.clean_stable(cost) if isinstance(cost, str) else cost


def request_of(index: int, call: Call) -> Request:
    """Return the request of a call, with its marker at the end of the last message."""
    *before, last = call.messages
    marked = {**last, "content": f"{last.get('content') or ''} ({marker(index)})"}
    return Request(
        messages=[*before, marked],
        tools=call.tools,
        tool_choice=call.tool_choice,
        params=call.params,
        start=call.start,
        overrides=with_keys(call.overrides),
        tenant=call.tenant,
    )


def _groups(calls: Sequence[Call]) -> list[list[int]]:
    """Return the indexes of the calls, those that start together in one list."""
    groups: list[list[int]] = []
    for index, call in enumerate(calls):
        if call.joins and groups:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _reply(result: Any) -> Reply:
    reply = Reply(result) if isinstance(result, str) else result
    if not isinstance(reply, Reply):
        if inspect.iscoroutine(result):
            result.close()
        raise ContractBrokenError(_type_name(result))
    _checked(reply, "a Reply", {**_FIELDS, "tool_calls": (list, tuple)})
    for call in reply.tool_calls:
        if not isinstance(call, ToolCall):
            raise ContractBrokenError(f"a Reply with a tool call that is {_type_name(call)}")
    return reply


def _checked(value: Reply | Chunk, what: str, fields: Mapping[str, tuple[type, ...]]) -> None:
    """Refuse a field of a type that the contract does not know: it could not even be written down."""
    for name, types in fields.items():
        item = getattr(value, name)
        if not isinstance(item, types) or isinstance(item, bool):
            raise ContractBrokenError(f"{what} whose {name} is {_type_name(item)}")


def _iterator(result: Any) -> Iterator[Any]:
    if not hasattr(result, "__iter__") or isinstance(result, str | bytes):
        raise ContractBrokenError(f"{_type_name(result)} for a stream")
    return iter(result)


async def _async_iterator(result: Any) -> AsyncIterator[Any]:
    """Return the stream; an `async def astream` that returns one is awaited first."""
    stream = await result if inspect.isawaitable(result) else result
    if not hasattr(stream, "__aiter__"):
        raise ContractBrokenError(f"{_type_name(stream)} for a stream")
    iterator: AsyncIterator[Any] = aiter(stream)
    return iterator


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
