"""Handlers that the engine cannot, or cannot easily, judge."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "kinds"))

from routers import Apologises, OnlyTwo, Router

PLAYED = itertools.count(1)


class CountsTokensOnly:
    def count_tokens(self, text_or_messages, *, provider, model, tools=()):
        return 1


class ReturnsNothing(Router):
    def complete(self, request):
        return None


class Exits(Router):
    """At the second provider."""

    def ask(self, name, request):
        if name == "anthropic":
            os._exit(3)
        return super().ask(name, request)


class LoopsForEver(Router):
    def ask(self, name, request):
        while name == "anthropic":
            pass
        return super().ask(name, request)


class NeverReturns(Router):
    def complete(self, request):
        while True:
            pass


class StandsStillOnce(Router):
    """As if the machine had been suspended: the second time it gets through."""

    def complete(self, request):
        if not Path("stood-still").exists():
            Path("stood-still").touch()
            while True:
                pass
        return super().complete(request)


class StopsAtTwoAndLoopsWhenOnlyOneIsDown(OnlyTwo):
    """Two bugs: what is smaller than the first one's scenario is the second one's."""

    def ask(self, name, request):
        text = super().ask(name, request)
        while name == "anthropic":
            pass
        return text


class CountsItsCalls(Router):
    """Module state that reaches the provider."""

    def body(self, name, request):
        return {**super().body(name, request), "user": f"request {next(PLAYED)}"}


class SaysItsProcess(Router):
    """Differs from one fork to the next."""

    def body(self, name, request):
        return {**super().body(name, request), "user": f"process {os.getpid()}"}


class GetsTired(Router):
    """Loses its answers once it has played long enough: no fresh process shows that."""

    def complete(self, request):
        reply = super().complete(request)
        if next(PLAYED) > 3:
            raise RuntimeError("tired")
        return reply


class ApologisesOrFails(Apologises):
    """Two bugs of two kinds: an apology, and an answer that gets lost."""

    def ask(self, name, request):
        text = super().ask(name, request)
        if name == "deepseek":
            raise ValueError(text)
        return text
