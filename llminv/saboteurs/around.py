"""A handler with a plant around it: the same operations, done by way of the plant's courses."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

from llminv.contract import Chunk, Reply, Request
from llminv.handler.spec import is_async, method_of, offered
from llminv.saboteurs.interface import Ask, Asked, Course, Effect, Emit, Next, Plant, Wait, this_call
from llminv.simulation.clock import WorldStopped
from llminv.simulation.current import playing_world
from llminv.simulation.wire import Wire

# A handler, its methods and what they return are of any type, hence Any.
Method = Callable[..., Any]


def around(handler: Any, plant: Plant) -> Any:
    """Return a handler that offers what `handler` offers, with `plant` around each operation."""
    return SimpleNamespace(
        **{name: _WRAPS.get(name, _value)(method_of(handler, name), name, plant) for name in offered(handler)}
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

    def __init__(self, operation: str, request: Request, plant: Plant) -> None:
        asked = Asked(operation, this_call(), request)
        self._course: Course[Any] = plant.stream(asked) if asked.streams else plant.whole(asked)
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


def _play(steps: _Steps, method: Method, *, streams: bool) -> Iterator[Any]:
    """Do what the course says, blocking; yield the chunks that it passes on."""
    inner: Any = None
    try:
        while (effect := steps.effect) is not None:
            came, error = None, None
            if isinstance(effect, Emit):
                yield effect.chunk
            try:
                if isinstance(effect, Ask):
                    _close(inner)
                    came = method(effect.request)
                    inner, came = (iter(came), None) if streams else (None, _as(Reply, came))
                elif isinstance(effect, Next):
                    came = _as(Chunk, next(inner, None))
                elif isinstance(effect, Wait):
                    _wait(effect.seconds)
            except Exception as raised:
                error = raised
            steps.go_on(came, error)
    finally:
        steps.close()
        _close(inner)


async def _aplay(steps: _Steps, method: Method, *, streams: bool) -> AsyncGenerator[Any]:
    """Do what the course says, without blocking; yield the chunks that it passes on."""
    inner: Any = None
    try:
        while (effect := steps.effect) is not None:
            came, error = None, None
            if isinstance(effect, Emit):
                yield effect.chunk
            try:
                if isinstance(effect, Ask):
                    await _aclose(inner)
                    came = method(effect.request)
                    came = await came if inspect.isawaitable(came) else came
                    inner, came = (aiter(came), None) if streams else (None, _as(Reply, came))
                elif isinstance(effect, Next):
                    came = _as(Chunk, await anext(inner, None))
                elif isinstance(effect, Wait):
                    await _await(effect.seconds)
            except Exception as raised:
                error = raised
            steps.go_on(came, error)
    finally:
        steps.close()
        await _aclose(inner)


def _whole(method: Method, operation: str, plant: Plant) -> Method:
    def complete(request: Request) -> Any:
        steps = _Steps(operation, request, plant)
        for _ in _play(steps, method, streams=False):
            pass
        return steps.result

    return complete


def _awhole(method: Method, operation: str, plant: Plant) -> Method:
    async def acomplete(request: Request) -> Any:
        steps = _Steps(operation, request, plant)
        async with aclosing(_aplay(steps, method, streams=False)) as playing:
            async for _ in playing:
                pass
        return steps.result

    return acomplete


def _stream(method: Method, operation: str, plant: Plant) -> Method:
    def stream(request: Request) -> Iterator[Any]:
        return _play(_Steps(operation, request, plant), method, streams=True)

    return stream


def _astream(method: Method, operation: str, plant: Plant) -> Method:
    def astream(request: Request) -> AsyncIterator[Any]:
        return _aplay(_Steps(operation, request, plant), method, streams=True)

    return astream


def _value(method: Method, operation: str, plant: Plant) -> Method:
    async def avalue(*positional: Any, **named: Any) -> Any:
        return plant.value(operation, await method(*positional, **named))

    def value(*positional: Any, **named: Any) -> Any:
        return plant.value(operation, method(*positional, **named))

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


def _wait(seconds: float | None) -> None:
    """Block the calling thread; one that wakes up in a later world has nothing to do there and ends."""
    world = playing_world()
    if seconds is None:
        threading.Event().wait()
    else:
        time.sleep(seconds)
    if playing_world() is not world:
        raise WorldStopped("over", "the world of this thread has ended")


async def _await(seconds: float | None) -> None:
    await (asyncio.get_running_loop().create_future() if seconds is None else asyncio.sleep(seconds))


def _close(inner: Any) -> None:
    close = getattr(inner, "close", None)
    if callable(close):
        close()


async def _aclose(inner: Any) -> None:
    close = getattr(inner, "aclose", None)
    if callable(close):
        await close()
