"""Plays one scenario against one handler and returns one history.

A `Runner` lives as long as its process: it makes its transport ready, sets the environment, imports the
handler once, and then plays any number of scenarios, each from the beginning. It uses the standard
library alone (and time-machine, where it is there, to move `datetime.now`), so that it can run in
whatever environment the handler needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import inspect
import io
import os
import random
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Self

from llminv.errors import HandlerError
from llminv.handler.calling import Caller
from llminv.handler.spec import Target, load_target, offered, own_traceback
from llminv.history import History, Measurements
from llminv.saboteurs.around import around, interpose
from llminv.saboteurs.interface import Plant
from llminv.scenario import Scenario
from llminv.simulation.loop import SimulatedLoop
from llminv.simulation.sites import Setting, environment, handler_world, key_variables
from llminv.simulation.transport import IN_PROCESS, TRANSPORTS, Stage

# Recursion beyond this is the handler's own; one limit makes it the same in every process.
RECURSION_LIMIT = 1_000
# How often leftover tasks are cancelled before they are abandoned.
CANCEL_ROUNDS_MAX = 5

# Taken before anything is replaced.
_real_time_s = time.perf_counter
_cpu_time_s = time.process_time

# A handler is any object of the user's, hence Any wherever one is held.


class _Output(io.TextIOBase):
    """What the handler prints goes into the history of the scenario that plays."""

    stage: Stage | None = None

    def write(self, text: str) -> int:
        if self.stage is not None:
            self.stage.recorder.print(text)
        return len(text)

    def writable(self) -> bool:
        return True


class Runner:
    """Use as a context manager: leaving it takes the simulation out of the process again."""

    def __init__(
        self,
        setting: Setting,
        spec: str,
        on_error: Callable[[BaseException], object] = lambda _: None,
        transport: str = IN_PROCESS,
    ) -> None:
        """Remember what to load; nothing happens before the context is entered.

        `on_error` is handed whatever the handler raises (for a debugger; the history has it as values).
        `transport` is a name of TRANSPORTS.
        """
        self._on_error = on_error
        self._transport = TRANSPORTS[transport](setting)
        self._setting = self._transport.setting
        self._spec = spec
        self._output = _Output()
        self._exits = contextlib.ExitStack()
        self._tried: set[str] = set()
        self._target: Target
        self._loop: SimulatedLoop
        self.offers: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as exits:
            exits.enter_context(self._transport.installed())
            exits.enter_context(_environment(environment(self._setting)))
            for name in ("stdout", "stderr"):
                exits.enter_context(_replaced(sys, name, self._output))
            self._loop = SimulatedLoop()
            exits.callback(self._loop.close)
            exits.callback(gc.unfreeze)
            with self._loading() as stage:
                try:
                    self._target = load_target(self._spec)
                    self.offers = self._offers(stage)
                except HandlerError as error:
                    clean = stage.recorder.clean
                    raise HandlerError(
                        clean(error.message), clean(error.hint), clean(error.traceback)
                    ) from None
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def after_fork(self) -> None:
        """Make this process, a fork of the one that loaded the handler, independent of it."""
        self._transport.after_fork()
        # The loop's selector would be shared with the parent.
        self._loop = SimulatedLoop()

    def load(self, modules: Sequence[str]) -> None:
        """Load modules that a fork of this process had to load; what cannot be stays theirs."""
        new = [name for name in modules if name not in self._tried]
        if new:
            self._tried.update(new)
            with self._loading():
                for name in new:
                    with contextlib.suppress(BaseException):
                        importlib.import_module(name)

    def play(self, scenario: Scenario, plant: Plant | None = None) -> History:
        """Play `scenario` from the beginning, with `plant` in the handler, and return what happened."""
        started_s = _real_time_s()
        cpu_started_s = _cpu_time_s()
        modules = len(sys.modules)
        hidden = key_variables(self._setting, scenario.unset)
        around_keys = _environment({}, hidden) if hidden else contextlib.nullcontext()
        with around_keys, self._playing(scenario) as stage:
            if plant is not None:
                interpose(plant)
            made: Any = None
            called: Any = None
            try:
                made = self._make(scenario)
            except BaseException as error:
                self._caller(stage, made).failed(0, error)
            else:
                called = made if plant is None else around(made, plant)
                self._caller(stage, called).play(scenario.calls)
            ended_at_s = stage.clock.now_s
            if stage.clock.stopped is None:
                self._close(stage, made)
            made = called = None  # what becomes garbage does so in this world, and not in the next
            stage.finish()
            with self._transport.cleaning_up():
                self._clean_up()
        if len(sys.modules) > modules:
            gc.freeze()  # the modules that were loaded meanwhile are no garbage, nor worth a look each time
        return History(
            events=stage.recorder.events(),
            # Once more: a key may have been printed in pieces.
            printed=stage.recorder.clean("".join(stage.recorder.printed)),
            logged=tuple(stage.recorder.logged),
            ended_at_s=ended_at_s,
            measurements=Measurements(
                real_s=round(_real_time_s() - started_s, 6), cpu_s=round(_cpu_time_s() - cpu_started_s, 6)
            ),
        )

    def _caller(self, stage: Stage, handler: Any) -> Caller:
        return Caller(stage, handler, self._loop, self._setting, self._on_error)

    # The handler's life

    def _make(self, scenario: Scenario) -> Any:
        contract_world = handler_world(self._setting, scenario.prices, scenario.unset)
        if not self._target.is_factory:
            return self._target.value
        if self._target.wants_loop:
            return self._loop.run_until_complete(_amake(self._target, contract_world))
        return self._target.make(contract_world)

    def _offers(self, stage: Stage) -> tuple[str, ...]:
        try:
            made = self._make(Scenario(()))
        except HandlerError:  # a ready adapter says itself what it lacks
            raise
        except BaseException as error:
            raise HandlerError(
                f"handler {self._spec!r} raised while it was made: {type(error).__name__}: {error}",
                "a factory gets the World if it takes an argument; keys and base URLs are in the environment",
                own_traceback(error),
            ) from None
        offers = offered(made)
        self._close(stage, made)
        if not offers:
            raise HandlerError(
                f"{self._spec} makes a {type(made).__name__}, which offers no operation",
                "a handler has at least one of: complete, acomplete, stream, astream, count_tokens, cost",
            )
        return offers

    def _close(self, stage: Stage, handler: Any) -> None:
        """Close what the factory made, on the loop it was made on; a failure to close is only logged."""
        if not self._target.is_factory:
            return
        try:
            close = getattr(handler, "aclose", None) or getattr(handler, "close", None)
            if callable(close):
                closing = close()
                if inspect.isawaitable(closing):
                    self._loop.run_until_complete(_await(closing))
        except BaseException as error:
            stage.recorder.log(f"closing the handler raised {type(error).__name__}: {error}")

    # Around a scenario

    @contextlib.contextmanager
    def _loading(self) -> Iterator[Stage]:
        """Let modules be imported: that may take real time, and must not reach the network."""
        with self._playing(Scenario(()), keep_garbage=True) as stage:
            yield stage
        gc.collect(0)  # it has been off meanwhile: what is young is what loading made
        gc.freeze()

    @contextlib.contextmanager
    def _playing(self, scenario: Scenario, *, keep_garbage: bool = False) -> Iterator[Stage]:
        limit = sys.getrecursionlimit()
        random_state = random.getstate()
        with self._transport.playing(scenario) as stage:
            self._output.stage = stage
            self._loop.set_exception_handler(
                lambda _, context: stage.recorder.log(str(context.get("message")))
            )
            asyncio.set_event_loop(self._loop)
            gc.disable()
            random.seed(scenario.seed)
            sys.setrecursionlimit(RECURSION_LIMIT)
            try:
                yield stage
            finally:
                if not keep_garbage:
                    # Here, and not whenever it pleases: clients that are dropped unclosed schedule work.
                    gc.collect()
                gc.enable()
                self._loop.forget_timers()
                asyncio.set_event_loop(None)
                self._output.stage = None
                sys.setrecursionlimit(limit)
                random.setstate(random_state)

    def _clean_up(self) -> None:
        """Cancel what the handler left running, as asyncio.run does at its end."""
        for _ in range(CANCEL_ROUNDS_MAX):
            tasks = asyncio.all_tasks(self._loop)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            with contextlib.suppress(BaseException):
                self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        with contextlib.suppress(BaseException):
            self._loop.run_until_complete(self._loop.close_generators())
        self._loop.drop_executor()


async def _amake(target: Target, world: Any) -> Any:
    made = target.make(world)
    return await made if inspect.isawaitable(made) else made


async def _await(awaitable: Any) -> Any:
    return await awaitable


@contextlib.contextmanager
def _environment(variables: dict[str, str], hidden: Collection[str] = ()) -> Iterator[None]:
    """Set `variables` and take out those `hidden` and what would lead clients elsewhere (proxies)."""
    before = dict(os.environ)
    for name in before:
        if name in hidden or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
