"""A handler with a plant around it: the same operations, done by way of the plant's courses."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

from llminv.contract import Chunk, Reply, Request
from llminv.handler.spec import is_async, method_of, offered
from llminv.saboteurs.interface import Ask, Asked, Course, Effect, Emit, Next, Plant, Wait, this_call
from llminv.saboteurs.waiting import await_, wait
from llminv.simulation.current import playing_world
from llminv.simulation.wire import Wire

# A handler, its methods and what they return are of any type, hence Any.
Method = Callable[..., Any]

# What a stream is told when its consumer wants no more.
_LEFT = (GeneratorExit, asyncio.CancelledError)


def around(handler: Any, plant: Plant) -> Any:
    """Return a handler that offers what `handler` offers, with `plant` around each operation."""
    offers = offered(handler)
    if "cost" in offers and not is_async(method_of(handler, "cost")):
        plant.price = method_of(handler, "cost")
    return SimpleNamespace(
        **{name: _WRAPS.get(name, _value)(method_of(handler, name), name, plant) for name in offers}
    )


def interpose(plant: Plant) -> None:
    """Put `plant` between handler and providers, and set the handler's clock, in the world that plays."""
    world = playing_world()
    if world is None:
        raise RuntimeError("saboteurs work in the simulated world alone")
    world.clock.rate = plant.rate

    def carry(wire: Wire) -> None:
        if wire.completes:
            plant.carry(wire)
        else:
            wire.send()

    world.carrier = carry


class _Steps:
    """Walks a course: `effect` is what to do next, None once it has come to its `result`."""

    def __init__(self, course: Course[Any]) -> None:
        self._course = course
        self.effect: Effect | None = None
        self.result: Any = None
        self.go_on(None, None)

    def go_on(self, came: Any, error: Exception | None) -> None:
        """Tell the course what came of the effect, or raise the error in it.

        Never called while the error is being handled: Python would make it the context of every later one.
        """
        try:
            self.effect = self._course.send(came) if error is None else self._course.throw(error)
        except StopIteration as stop:
            self.effect, self.result = None, stop.value

    def close(self) -> None:
        """Nothing more is wanted."""
        self._course.close()


class _Streams:
    """The handler's streams of one call: the one that is open, and those that a plant leaves open."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.open: Any = None

    def let_go(self, name: str) -> Any:
        """Return what closes the open stream, by a method of this name, if it is to be closed."""
        gone, self.open = self.open, None
        if not self._plant.closes:
            self._plant.kept.append(gone)
            return None
        close = getattr(gone, name, None)
        return close if callable(close) else None


def _play(steps: _Steps, method: Method, streams: _Streams | None) -> Iterator[Any]:
    """Do what the course says, blocking; yield the chunks that it passes on."""
    try:
        while (effect := steps.effect) is not None:
            came, error = None, None
            if isinstance(effect, Emit):
                yield effect.chunk
            try:
                if isinstance(effect, Ask):
                    came = method(effect.request)
                    if streams is not None:
                        _close(streams)
                        streams.open, came = iter(came), None
                elif isinstance(effect, Next) and streams is not None:
                    came = next(streams.open, None)
                elif isinstance(effect, Wait):
                    wait(effect.seconds)
            except Exception as raised:
                error = raised
            steps.go_on(_as(Reply if streams is None else Chunk, came), error)
    finally:
        steps.close()


async def _aplay(steps: _Steps, method: Method, streams: _Streams | None) -> AsyncGenerator[Any]:
    """Do what the course says, without blocking; yield the chunks that it passes on."""
    try:
        while (effect := steps.effect) is not None:
            came, error = None, None
            if isinstance(effect, Emit):
                yield effect.chunk
            try:
                if isinstance(effect, Ask):
                    came = method(effect.request)
                    came = await came if inspect.isawaitable(came) else came
                    if streams is not None:
                        await _aclose(streams)
                        streams.open, came = aiter(came), None
                elif isinstance(effect, Next) and streams is not None:
                    came = await anext(streams.open, None)
                elif isinstance(effect, Wait):
                    await await_(effect.seconds)
            except Exception as raised:
                error = raised
            steps.go_on(_as(Reply if streams is None else Chunk, came), error)
    finally:
        steps.close()


def _whole(method: Method, operation: str, plant: Plant) -> Method:
    def complete(request: Request) -> Any:
        steps = _Steps(plant.whole(Asked(operation, this_call(), request)))
        for _ in _play(steps, method, None):
            pass
        return steps.result

    return complete


def _awhole(method: Method, operation: str, plant: Plant) -> Method:
    async def acomplete(request: Request) -> Any:
        steps = _Steps(plant.whole(Asked(operation, this_call(), request)))
        async with aclosing(_aplay(steps, method, None)) as playing:
            async for _ in playing:
                pass
        return steps.result

    return acomplete


def _stream(method: Method, operation: str, plant: Plant) -> Method:
    def stream(request: Request) -> Iterator[Any]:
        asked, streams = Asked(operation, this_call(), request), _Streams(plant)
        steps = _Steps(plant.stream(asked))
        try:
            yield from _play(steps, method, streams)
        finally:
            if isinstance(sys.exception(), _LEFT):
                _close(streams)
                for _ in _play(_Steps(plant.left(asked)), method, streams):
                    pass
            _close(streams)

    return stream


def _astream(method: Method, operation: str, plant: Plant) -> Method:
    async def astream(request: Request) -> AsyncIterator[Any]:
        asked, streams = Asked(operation, this_call(), request), _Streams(plant)
        steps = _Steps(plant.stream(asked))
        try:
            async with aclosing(_aplay(steps, method, streams)) as playing:
                async for chunk in playing:
                    yield chunk
        finally:
            if isinstance(sys.exception(), _LEFT):
                await _aclose(streams)
                async with aclosing(_aplay(_Steps(plant.left(asked)), method, streams)) as leaving:
                    async for _ in leaving:
                        pass
            await _aclose(streams)

    return astream


def _value(method: Method, operation: str, plant: Plant) -> Method:
    async def avalue(*positional: Any, **named: Any) -> Any:
        try:
            found = await method(*positional, **named)
        except Exception as error:
            failed = error
        else:
            return plant.value(operation, found)
        return plant.failed_value(operation, failed)

    def value(*positional: Any, **named: Any) -> Any:
        try:
            found = method(*positional, **named)
        except Exception as error:
            failed = error
        else:
            return plant.value(operation, found)
        return plant.failed_value(operation, failed)

    return avalue if is_async(method) else value


_WRAPS: dict[str, Callable[[Method, str, Plant], Method]] = {
    "complete": _whole,
    "acomplete": _awhole,
    "stream": _stream,
    "astream": _astream,
}


def _as(kind: type[Reply | Chunk], came: Any) -> Any:
    """Return a text as what the contract takes it for, anything else as it is."""
    return kind(came) if isinstance(came, str) else came


def _close(streams: _Streams) -> None:
    close = streams.let_go("close")
    if close is not None:
        close()


async def _aclose(streams: _Streams) -> None:
    close = streams.let_go("aclose")
    if close is not None:
        await close()
