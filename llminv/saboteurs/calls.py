"""Saboteurs of the call: what the handler is asked, how often, and when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from llminv.contract import Message, Reply, Request
from llminv.saboteurs.interface import Ask, Asked, Boundary, Course, Next, Plant, Saboteur, Wait, forward
from llminv.saboteurs.waiting import wait
from llminv.simulation.sites import Setting
from llminv.simulation.wire import Wire

# Well beyond the time that a call may take.
BEYOND_S = 60.0
POLL_S = 3_600.0


def drain() -> Course[None]:
    """Take the rest of the handler's stream and pass nothing on."""
    while (yield Next()) is not None:
        pass


class AsksAgain(Plant):
    """Asks once more after the answer, and drops what comes."""

    def whole(self, asked: Asked) -> Course[Reply]:
        reply = yield from super().whole(asked)
        self.act()
        yield Ask(asked.request)
        return reply

    def stream(self, asked: Asked) -> Course[None]:
        yield from super().stream(asked)
        self.act()
        yield Ask(asked.request)
        yield from drain()


class _Afterwards(Plant, ABC):
    """Does something after the call, however that ended."""

    def whole(self, asked: Asked) -> Course[Reply]:
        failed: Exception | None = None
        reply = Reply("")
        try:
            reply = yield from super().whole(asked)
        except Exception as error:
            failed = error
        yield from self.afterwards(asked)
        if failed is not None:
            raise failed
        return reply

    def stream(self, asked: Asked) -> Course[None]:
        failed: Exception | None = None
        try:
            yield from super().stream(asked)
        except Exception as error:
            failed = error
        yield from self.afterwards(asked)
        if failed is not None:
            raise failed

    @abstractmethod
    def afterwards(self, asked: Asked) -> Course[None]:
        """Do it."""


class WaitsForEver(_Afterwards):
    """Waits for what nobody will do."""

    def afterwards(self, asked: Asked) -> Course[None]:
        del asked
        self.act()
        yield Wait(None)

    def value(self, operation: str, value: Any) -> Any:
        del operation
        self.act()
        wait(None)
        return value


class AsksForEver(_Afterwards):
    """Asks again and again, whatever comes."""

    def afterwards(self, asked: Asked) -> Course[None]:
        self.act()
        while True:
            yield Wait(POLL_S)
            try:
                yield Ask(asked.request)
                if asked.streams:
                    yield from drain()
            except Exception:  # noqa: S112 - that is the bug
                continue

    def value(self, operation: str, value: Any) -> Any:
        del operation, value
        self.act()
        while True:
            wait(POLL_S)


class StartsLate(_Afterwards):
    """Begins anew when the time of the call is over."""

    def afterwards(self, asked: Asked) -> Course[None]:
        self.act()
        yield Wait(self.setting["policy"]["timeouts"]["total_s"] + BEYOND_S)
        yield Ask(asked.request)
        if asked.streams:
            yield from drain()


class PassesOver(Plant):
    """After an error, asks again and passes over the providers that were tried."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._tried: dict[int, set[str]] = {}
        self._passed: dict[int, frozenset[str]] = {}

    def carry(self, wire: Wire) -> None:
        self._tried.setdefault(wire.call, set()).add(wire.site.provider)
        if wire.site.provider in self._passed.get(wire.call, ()):
            wire.reset()
        else:
            wire.send()

    def _pass_over(self, asked: Asked) -> None:
        self.act()
        self._passed[asked.call] = frozenset(self._tried.get(asked.call, ()))

    def whole(self, asked: Asked) -> Course[Reply]:
        try:
            return (yield from super().whole(asked))
        except Exception:
            self._pass_over(asked)
        return (yield from super().whole(asked))

    def stream(self, asked: Asked) -> Course[None]:
        try:
            yield from super().stream(asked)
        except Exception:
            self._pass_over(asked)
        else:
            return
        yield from super().stream(asked)


class _AsksOther(Plant, ABC):
    """Asks something else than it was asked."""

    @abstractmethod
    def other(self, asked: Asked) -> Request:
        """Return what is asked in place of the request."""

    def _changed(self, asked: Asked) -> Asked:
        request = self.other(asked)
        if request != asked.request:
            self.act()
        return replace(asked, request=request)

    def whole(self, asked: Asked) -> Course[Reply]:
        return (yield from super().whole(self._changed(asked)))

    def stream(self, asked: Asked) -> Course[None]:
        yield Ask(self._changed(asked).request)
        yield from forward()


def _shortened(messages: Sequence[Message]) -> list[Message]:
    """Return the messages, the last without its first word: its mark, at the end, is kept."""
    *before, last = messages
    _, _, rest = str(last.get("content") or "").partition(" ")
    return [*before, {**last, "content": rest}]


class CutsTheMessage(_AsksOther):
    """Cuts the beginning of the last message."""

    def other(self, asked: Asked) -> Request:
        return replace(asked.request, messages=_shortened(asked.request.messages))


class DropsTools(_AsksOther):
    """Leaves the tools out, and what was said about choosing one."""

    def other(self, asked: Asked) -> Request:
        return replace(asked.request, tools=(), tool_choice=None)


class DropsParams(_AsksOther):
    """Leaves the parameters out."""

    none: ClassVar[Mapping[str, Any]] = {}  # JSON

    def other(self, asked: Asked) -> Request:
        return replace(asked.request, params=self.none)


class KeepsPrompts(_AsksOther):
    """Asks with the last prompt of every earlier call before its own."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._kept: list[Message] = []

    def other(self, asked: Asked) -> Request:
        before = list(self._kept)
        self._kept += [asked.request.messages[-1], {"role": "assistant", "content": "Yes."}]
        return replace(asked.request, messages=[*before, *asked.request.messages])


class DropsKeys(_AsksOther):
    """Leaves out what a call brings for itself, its keys among it."""

    def other(self, asked: Asked) -> Request:
        return replace(asked.request, overrides=dict[str, Any]())


class KeepsKeys(_AsksOther):
    """Uses what the first call brought for all that follow."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._kept: Mapping[str, Any] | None = None

    def other(self, asked: Asked) -> Request:
        self._kept = asked.request.overrides if self._kept is None else self._kept
        return replace(asked.request, overrides=self._kept)


ROWS = (
    Saboteur(
        "drops_keys",
        Boundary.CALL,
        ("wrong_key",),
        "uses its own key for a call that brought one",
        "https://github.com/weave-os/router/pull/242",
        DropsKeys,
        "no call brought a key",
    ),
    Saboteur(
        "keeps_keys",
        Boundary.CALL,
        ("key_leaked",),
        "uses the key that one call brought for the next",
        "https://github.com/BerriAI/litellm/issues/16667",
        KeepsKeys,
        "no two calls brought keys of their own",
    ),
    Saboteur(
        "asks_again",
        Boundary.CALL,
        ("called_after_success", "too_many_attempts"),
        "makes the whole request once more after it has the answer",
        "https://github.com/HKUDS/nanobot/issues/4038",
        AsksAgain,
        "no call was answered",
    ),
    Saboteur(
        "waits_for_ever",
        Boundary.CALL,
        ("hang",),
        "waits for what can never happen",
        "https://github.com/BerriAI/litellm/issues/7001",
        WaitsForEver,
    ),
    Saboteur(
        "asks_for_ever",
        Boundary.CALL,
        ("never_ends",),
        "enters its own loop again, whatever came",
        "https://github.com/BerriAI/litellm/issues/7091",
        AsksForEver,
    ),
    Saboteur(
        "starts_late",
        Boundary.CALL,
        ("attempt_after_deadline", "call_too_long"),
        "begins anew when the time of the call is over",
        "https://github.com/openai/openai-python/issues/3828",
        StartsLate,
    ),
    Saboteur(
        "passes_over_the_failed",
        Boundary.CALL,
        ("moved_on",),
        "takes every error for one after which the next provider may be asked",
        "https://github.com/BerriAI/litellm/issues/35303",
        PassesOver,
        "no call failed",
    ),
    Saboteur(
        "cuts_the_message",
        Boundary.CALL,
        ("messages_changed",),
        "cuts the beginning of the last message",
        "https://github.com/BerriAI/litellm/pull/15795",
        CutsTheMessage,
    ),
    Saboteur(
        "drops_tools",
        Boundary.CALL,
        ("tools_changed",),
        "leaves the tools out",
        "https://github.com/BerriAI/litellm/pull/4716",
        DropsTools,
        "no call had tools",
    ),
    Saboteur(
        "drops_params",
        Boundary.CALL,
        ("params_changed",),
        "leaves the parameters of the call out",
        "https://github.com/BerriAI/litellm/issues/7091",
        DropsParams,
        "no call had parameters",
    ),
    Saboteur(
        "keeps_prompts",
        Boundary.CALL,
        ("request_mixed",),
        "keeps the prompts of earlier calls and sends them along",
        "https://github.com/HKUDS/nanobot/issues/4038",
        KeepsPrompts,
        "no two calls were made",
    ),
)
