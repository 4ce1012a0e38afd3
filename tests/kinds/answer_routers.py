"""Variants of examples/raw for the kinds that look closely at answers: correct ones, and ones with one bug each."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

from raw.handler import Handler

from llminv.contract import ToolCall, Usage


class Right(Handler):
    """Streams alone, so that each bug has one minimal scenario; `said` is how a variant changes a chunk."""

    complete = acomplete = astream = None

    def stream(self, request):
        for chunk in super().stream(request):
            yield self.said(chunk)

    def said(self, chunk):
        return self.called(chunk) if chunk.tool_call else self.ended(chunk) if chunk.finish_reason else chunk

    def called(self, chunk):
        return chunk

    def ended(self, chunk):
        return chunk


# Endings and usage


class InTheirWords(Right):
    def ended(self, chunk):
        words = {"stop": "FinishReason.STOP", "length": "max_tokens", "tool_calls": "tool-calls"}
        return replace(chunk, finish_reason=words.get(chunk.finish_reason, "SAFETY"))


class InWordsOfItsOwn(Right):
    def ended(self, chunk):
        return replace(chunk, finish_reason=f"it was {chunk.finish_reason}")


class SaysNothing(Right):
    def stream(self, request):
        for chunk in super().stream(request):
            yield chunk.text


class AlwaysStops(Right):
    def ended(self, chunk):
        return replace(chunk, finish_reason="stop")


class SilentAboutLimits(Right):
    def ended(self, chunk):
        return replace(chunk, finish_reason=None) if chunk.finish_reason == "length" else chunk


class CountsChunks(Right):
    def stream(self, request):
        self.count = 0
        return super().stream(request)

    def said(self, chunk):
        self.count += bool(chunk.text)
        return super().said(chunk)

    def ended(self, chunk):
        return replace(chunk, usage=chunk.usage and replace(chunk.usage, output_tokens=self.count))


class NoUsageAtLimits(Right):
    def ended(self, chunk):
        return replace(chunk, usage=None) if chunk.finish_reason == "length" else chunk


class NothingIsZero(Right):
    def ended(self, chunk):
        return replace(chunk, usage=chunk.usage or Usage(0, 0))


class NeedsUsage(Right):
    def ended(self, chunk):
        return replace(chunk, usage=replace(chunk.usage))


class WaitsForUsage(Right):
    def ended(self, chunk):
        if chunk.usage is None:
            threading.Event().wait()
        return chunk


class LooksForUsage(Right):
    def ended(self, chunk):
        while chunk.usage is None:
            time.sleep(3600)
        return chunk


# Calls of tools


class InFragments(Right):
    """Hands calls on in pieces, the id and the name with the first."""

    def stream(self, request):
        for chunk in super().stream(request):
            call = chunk.tool_call
            if call is None:
                yield chunk
                continue
            yield replace(chunk, tool_call=replace(call, arguments=""))
            for letter in call.arguments:
                yield replace(chunk, tool_call=ToolCall(None, None, letter, call.index))


class Rewrites(Right):
    """Writes the same arguments in another way, and gives no ids."""

    def called(self, chunk):
        value = dict(reversed(json.loads(chunk.tool_call.arguments or "{}").items()))
        call = replace(chunk.tool_call, id=None, arguments=json.dumps(value, indent=1))
        return replace(chunk, tool_call=call)


class OneCallAlone(Right):
    def called(self, chunk):
        return chunk if chunk.tool_call.index == 0 else replace(chunk, tool_call=None)


class CallsOnItsOwn(Right):
    def stream(self, request):
        called = False
        for chunk in super().stream(request):
            called = called or chunk.tool_call is not None
            if chunk.finish_reason and called:
                yield replace(chunk, tool_call=ToolCall("x", "ping", "{}"))
            yield chunk


class FailsAtCallsAlone(Right):
    """Strips the text that it expects."""

    def stream(self, request):
        self.text = None
        return super().stream(request)

    def said(self, chunk):
        self.text = chunk.text or self.text
        return super().said(chunk)

    def called(self, chunk):
        self.text.rstrip()
        return chunk


class NoCallsBesideText(Right):
    def stream(self, request):
        self.text = ""
        return super().stream(request)

    def said(self, chunk):
        self.text += chunk.text
        return super().said(chunk)

    def called(self, chunk):
        return replace(chunk, tool_call=None) if self.text else chunk


class OneNameForAll(Right):
    def stream(self, request):
        self.name = None
        return super().stream(request)

    def called(self, chunk):
        self.name = self.name or chunk.tool_call.name
        return replace(chunk, tool_call=replace(chunk.tool_call, name=self.name))


class NumbersTheCalls(Right):
    def called(self, chunk):
        return replace(chunk, tool_call=replace(chunk.tool_call, id=f"call-{chunk.tool_call.index}"))


class CountsInDoubles(Right):
    def called(self, chunk):
        value = json.loads(chunk.tool_call.arguments or "{}", parse_int=float)
        return replace(chunk, tool_call=replace(chunk.tool_call, arguments=json.dumps(value)))


class WaitsForResults(Right):
    def called(self, chunk):
        threading.Event().wait()


class LooksForResults(Right):
    def called(self, chunk):
        while True:
            time.sleep(3600)
