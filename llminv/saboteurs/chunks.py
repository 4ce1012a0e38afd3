"""Saboteurs of streams: how chunks, their end and their consumer are dealt with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

from llminv.contract import Chunk, Reply
from llminv.saboteurs.calls import PassesOver, drain
from llminv.saboteurs.interface import (
    Ask,
    Asked,
    Boundary,
    Course,
    Emit,
    Next,
    Plant,
    Saboteur,
    forward,
    this_call,
)
from llminv.saboteurs.replies import Changed, Said
from llminv.simulation.sites import Setting

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


class SwallowsTheBreak(Plant):
    """Takes a stream that broke off behind its first chunk for one that is over."""

    def stream(self, asked: Asked) -> Course[None]:
        begun = False
        try:
            yield Ask(asked.request)
            while (chunk := (yield Next())) is not None:
                yield Emit(chunk)
                begun = True
        except Exception:
            if not begun:
                raise
            self.act()


class LosesTheLast(Plant):
    """Takes the last text for the end, and loses it."""

    def stream(self, asked: Asked) -> Course[None]:
        kept: list[Chunk] = []
        yield Ask(asked.request)
        while (chunk := (yield Next())) is not None:
            if chunk.text:
                yield from _all(kept)
                kept = []
            kept.append(chunk)
        if kept and kept[0].text:
            self.act()
            kept[0] = replace(kept[0], text="")
        yield from _all(kept)


def _all(chunks: list[Chunk]) -> Course[None]:
    for chunk in chunks:
        yield Emit(chunk)


class SaysItTwice(Plant):
    """Passes the first text on twice."""

    def stream(self, asked: Asked) -> Course[None]:
        repeated = False
        yield Ask(asked.request)
        while (chunk := (yield Next())) is not None:
            yield Emit(chunk)
            if chunk.text and not repeated:
                repeated = True
                self.act()
                yield Emit(Chunk(chunk.text))


class DecodesPieces(Changed):
    """Decodes each piece of the network by itself, so that characters of several bytes are lost."""

    def said(self, said: Said) -> Said:
        read = "".join(character if character.isascii() else UNREADABLE for character in said.text)
        return replace(said, text=read) if read != said.text else said


class HoldsBack(Plant):
    """Passes on nothing before the provider is done."""

    def stream(self, asked: Asked) -> Course[None]:
        chunks = []
        yield Ask(asked.request)
        while (chunk := (yield Next())) is not None:
            chunks.append(chunk)
        self.act()
        yield from _all(chunks)


class LeavesOpen(Plant):
    """Leaves the handler's stream as it is when the consumer stops."""

    closes: ClassVar[bool] = False

    def left(self, asked: Asked) -> Course[None]:
        self.act()
        yield from super().left(asked)


class AsksAfterTheStop(Plant):
    """Takes a consumer that stops for a failure, and asks again."""

    def left(self, asked: Asked) -> Course[None]:
        self.act()
        yield Ask(asked.request)
        yield from drain()


class UsedUp(Plant):
    """Has nothing left for later calls when a consumer has stopped."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._stopped = False

    def left(self, asked: Asked) -> Course[None]:
        self._stopped = True
        yield from super().left(asked)

    def _refuse(self) -> None:
        if self._stopped:
            self.act()
            raise RuntimeError("the pool of connections is exhausted")

    def whole(self, asked: Asked) -> Course[Reply]:
        self._refuse()
        return (yield from super().whole(asked))

    def stream(self, asked: Asked) -> Course[None]:
        self._refuse()
        yield Ask(asked.request)
        yield from forward()


class AlwaysStop(Changed):
    """Has one finish reason."""

    def said(self, said: Said) -> Said:
        return replace(said, finish_reason="stop") if said.finish_reason else said


class _Later(Changed, ABC):
    """Changes every call but the first, whose answer shows what is reported otherwise."""

    def said(self, said: Said) -> Said:
        return self.lost(said) if this_call() > 0 else said

    @abstractmethod
    def lost(self, said: Said) -> Said:
        """Return what is left."""


class LosesFinish(_Later):
    """Loses the finish reason."""

    def lost(self, said: Said) -> Said:
        return replace(said, finish_reason=None)


class LosesUsage(_Later):
    """Loses the usage."""

    def lost(self, said: Said) -> Said:
        return replace(said, usage=None)


NO_STREAM = "no text was streamed"
NO_STOP = "no consumer stopped a stream that was going on"

ROWS = (
    Saboteur(
        "swallows_the_break",
        Boundary.REPLY,
        ("truncated_as_complete",),
        "ends a stream that broke off as if it were over",
        "https://github.com/Portkey-AI/gateway/issues/1797",
        SwallowsTheBreak,
        "no stream broke off behind its first chunk",
    ),
    Saboteur(
        "joins_two_answers",
        Boundary.CALL,
        ("attempts_mixed",),
        "begins anew after a break and keeps what it had",
        "https://github.com/HKUDS/nanobot/issues/4038",
        PassesOver,
        "no stream broke off",
    ),
    Saboteur(
        "loses_the_last_text",
        Boundary.REPLY,
        ("text_lost",),
        "loses the last piece of a streamed text",
        "https://github.com/Soju06/codex-lb/issues/1010",
        LosesTheLast,
        NO_STREAM,
    ),
    Saboteur(
        "says_it_twice",
        Boundary.REPLY,
        ("text_added",),
        "passes a piece of a streamed text on twice",
        "https://github.com/HKUDS/nanobot/issues/4038",
        SaysItTwice,
        NO_STREAM,
    ),
    Saboteur(
        "decodes_pieces",
        Boundary.REPLY,
        ("text_changed",),
        "decodes each piece of the network by itself",
        "https://github.com/agentclientprotocol/python-sdk/pull/135",
        DecodesPieces,
        "no text had a character outside ASCII",
    ),
    Saboteur(
        "holds_back",
        Boundary.REPLY,
        ("first_text_too_late",),
        "collects a stream and passes it on at its end",
        "https://github.com/langchain-ai/langchainjs/issues/6026",
        HoldsBack,
        NO_STREAM,
    ),
    Saboteur(
        "leaves_open",
        Boundary.CALL,
        ("left_open",),
        "leaves the provider sending when its consumer has stopped",
        "https://github.com/BerriAI/litellm/issues/36123",
        LeavesOpen,
        NO_STOP,
    ),
    Saboteur(
        "asks_after_the_stop",
        Boundary.CALL,
        ("asked_again",),
        "asks again when its consumer has stopped",
        "https://github.com/genkit-ai/genkit/issues/5331",
        AsksAfterTheStop,
        NO_STOP,
    ),
    Saboteur(
        "used_up_by_a_stop",
        Boundary.CALL,
        ("later_call_failed",),
        "gives nothing back when a consumer stops",
        "https://github.com/BerriAI/litellm/pull/30020",
        UsedUp,
        "no call followed one whose consumer had stopped",
    ),
    Saboteur(
        "always_stop",
        Boundary.REPLY,
        ("wrong_finish_reason",),
        "reports one finish reason for all answers",
        "https://github.com/cloudflare/ai/pull/390",
        AlwaysStop,
        "the handler reports no finish reason",
    ),
    Saboteur(
        "loses_finish_reasons",
        Boundary.REPLY,
        ("finish_reason_lost", "ending_changed"),
        "loses a finish reason that does not stand where it looks",
        "https://github.com/BerriAI/litellm/issues/40260",
        LosesFinish,
        "the handler reports no finish reason",
    ),
    Saboteur(
        "loses_usage",
        Boundary.REPLY,
        ("usage_lost", "ending_changed"),
        "loses a usage that does not stand where it looks",
        "https://github.com/BerriAI/litellm/issues/17136",
        LosesUsage,
        "the handler does not report usage",
    ),
)
