"""Routers with one bug each, for the kinds that look at the content of a call; see whole_router.py."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

sys.path.insert(0, str(Path(__file__).resolve().parent))

from whole_router import (
    FAILURES,
    Anthropic,
    Chat,
    DeepSeek,
    Gemini,
    NoProviderAvailable,
    ProviderFailed,
    ProviderRefused,
)
from whole_router import WholeRouter as Right

from llminv.contract import Reply


class WholeRouter(Right):
    """Without streams, so that each bug has one minimal scenario."""

    stream = None


# fallback_trigger


class KeepsTheBill(WholeRouter):
    raised = WholeRouter.raised | {402}


class TriesAnything(WholeRouter):
    raised = frozenset()


class Answered(Exception):
    pass


class AnswersForTheFailed(WholeRouter):
    def ask(self, provider, request, streaming):
        try:
            return super().ask(provider, request, streaming)
        except OSError as error:
            raise Answered(f"{provider.name} is not there: {type(error).__name__}") from error

    def complete(self, request):
        try:
            return super().complete(request)
        except Answered as text:
            return Reply(str(text))


class SumsUpRefusals(WholeRouter):
    def refuse(self, status, words):
        try:
            super().refuse(status, words)
        except ProviderRefused as error:
            raise NoProviderAvailable("nobody wanted it") from error


class Impatient(WholeRouter):
    limit_s = 5.0


class WantsWords(WholeRouter):
    def reply(self, provider, data):
        reply = super().reply(provider, data)
        if not reply.text:
            raise ValueError("no words")
        return reply


class StopsDead(WholeRouter):
    def failed(self, provider, error):
        threading.Event().wait()


class NeverTires(WholeRouter):
    def ask(self, provider, request, streaming):
        while True:
            try:
                return super().ask(provider, request, streaming)
            except ProviderFailed:
                continue


class GuardsTheOpening(Right):
    def stream(self, request):
        for made in self.formats:
            provider = made()
            try:
                answer = self.ask(provider, request, streaming=True)
            except FAILURES:
                continue
            with contextlib.closing(answer.connection):
                yield from self.chunks(provider, answer)
            return


# attribution


class NamesTheFirst(WholeRouter):
    def reply(self, provider, data):
        return replace(super().reply(provider, data), provider="openai")


class NamesTheFirstModel(WholeRouter):
    def reply(self, provider, data):
        return replace(super().reply(provider, data), model="gpt-4o-mini")


class CutsTheModelShort(WholeRouter):
    """Looks up what a model costs by the names that it knows, and reports the one that it found."""

    known = ("gpt-4o-mini", "gpt-4o", "claude-opus-4-8", "deepseek-chat", "gemini-2.5-flash")

    def reply(self, provider, data):
        reply = super().reply(provider, data)
        known = (name for name in sorted(self.known, key=len) if reply.model.startswith(name))
        return reply if reply.model in self.known else replace(reply, model=next(known, reply.model))


class OmitsTheCache(WholeRouter):
    class Anthropic(Anthropic):
        def usage(self, said):
            return replace(super().usage(said), input_tokens=said["input_tokens"])

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class ReportsNothing(WholeRouter):
    def reply(self, provider, data):
        return Reply(super().reply(provider, data).text)


# request_fidelity


class TextsAlone(WholeRouter):
    """Right for callers that say nothing else."""

    stream = None

    def complete(self, request):
        return super().complete(replace(request, tools=(), tool_choice=None, params={}))


class WritesAscii(WholeRouter):
    class DeepSeek(DeepSeek):
        def body(self, request, streaming):
            body = super().body(request, streaming)
            return json.loads(json.dumps(body, ensure_ascii=False).encode("ascii", "ignore"))

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class ForgetsThePrompt(WholeRouter):
    class Anthropic(Anthropic):
        def body(self, request, streaming):
            body = super().body(request, streaming)
            body.pop("system", None)
            return body

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class MixesUpResults(WholeRouter):
    class Gemini(Gemini):
        def message(self, one):
            said = super().message(one)
            for part in said["parts"]:
                if "functionResponse" in part:
                    part["functionResponse"]["name"] = min(self.called.values())
            return said

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class MayNotMust(WholeRouter):
    class Anthropic(Anthropic):
        choices = MappingProxyType({**Anthropic.choices, "required": "auto"})

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class ZeroIsNothing(WholeRouter):
    class Chat(Chat):
        def body(self, request, streaming):
            return {name: value for name, value in super().body(request, streaming).items() if value}

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class OneModelForAll(WholeRouter):
    class DeepSeek(DeepSeek):
        model = Chat.model

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class VersionTwice(WholeRouter):
    class Chat(Chat):
        path = "/v1/v1/chat/completions"

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class OnePathForAll(WholeRouter):
    class Anthropic(Anthropic):
        path = Chat.path

    formats = (Chat, Anthropic, DeepSeek, Gemini)


class KeepsTheHeaders(WholeRouter):
    def ask(self, provider, request, streaming):
        if isinstance(provider, DeepSeek):
            provider.headers = lambda key: {"anthropic-version": "2023-06-01"} | Chat.headers(provider, key)
        return super().ask(provider, request, streaming)
