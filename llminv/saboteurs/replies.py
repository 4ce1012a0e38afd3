"""Saboteurs of the reply: what comes back to the caller, whole or in chunks, or is raised."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

from llminv.contract import Chunk, Reply, Usage
from llminv.saboteurs.interface import Ask, Asked, Boundary, Course, Emit, Next, Plant, Saboteur
from llminv.simulation.sites import Setting

Said = TypeVar("Said", Reply, Chunk)

OTHER_TEXT = "Something else."
# By this factor usage is wrong: no bucket of any answer is nothing and a multiple at once.
TIMES = 3


class Changed(Plant):
    """Changes what comes back: `said` is given every reply and every chunk, `failed` every error."""

    def whole(self, asked: Asked) -> Course[Reply]:
        try:
            reply: Reply = yield Ask(asked.request)
        except Exception as error:
            failed = error
        else:
            return self._noted(reply, self.said(reply))
        return Reply(self.failed(failed))

    def stream(self, asked: Asked) -> Course[None]:
        try:
            yield Ask(asked.request)
            while (chunk := (yield Next())) is not None:
                yield Emit(self._noted(chunk, self.said(chunk)))
        except Exception as error:
            failed = error
        else:
            return
        yield Emit(Chunk(self.failed(failed)))

    def _noted(self, before: Said, after: Said) -> Said:
        if after != before:
            self.act()
        return after

    def said(self, said: Said) -> Said:
        """Return what the caller gets in place of a reply or a chunk."""
        return said

    def failed(self, error: Exception) -> str:
        """Return the text that the caller gets in place of an error, or raise one."""
        raise error


class OtherText(Changed):
    """Says something else."""

    def said(self, said: Said) -> Said:
        return replace(said, text=OTHER_TEXT) if said.text else said


class OtherProvider(Changed):
    """Names another provider of the chain."""

    def said(self, said: Said) -> Said:
        others = [name for name in self.setting["providers"] if name != said.provider]
        return replace(said, provider=others[0]) if said.provider and others else said


class OtherModel(Changed):
    """Names another model."""

    def said(self, said: Said) -> Said:
        return replace(said, model=f"{said.model}-preview") if said.model else said


def times(usage: Usage | None) -> Usage | None:
    """Return a usage so many times as large in each bucket that is reported."""
    if usage is None:
        return None
    counts = {field.name: getattr(usage, field.name) for field in fields(Usage)}
    return Usage(**{name: None if count is None else TIMES * count for name, count in counts.items()})


class CountsTwice(Changed):
    """Reports a multiple of the usage."""

    def said(self, said: Said) -> Said:
        return replace(said, usage=times(said.usage))


class ErrorAsText(Changed):
    """Returns the words of an error."""

    def failed(self, error: Exception) -> str:
        self.act()
        return f"Error: {error}"


class Unexpected(Exception):
    """What a client of another call's raises."""


class OtherError(Changed):
    """Raises an error that nobody declared."""

    def failed(self, error: Exception) -> str:
        self.act()
        raise Unexpected(str(error)) from error


class Exhausted(Changed):
    """Raises the error of an exhausted chain, whatever happened."""

    def failed(self, error: Exception) -> str:
        self.act()
        raise self.exhausted(str(error)) from error

    def exhausted(self, message: str) -> Exception:
        """Return the error that the policy declares."""
        name = self.setting["policy"]["exhausted"].rpartition(".")[2]
        made: Exception = type(name, (Exception,), {})(message)
        return made


class NamesNobody(Exhausted):
    """Raises the declared error, and keeps to itself what each provider did."""

    def failed(self, error: Exception) -> str:
        del error
        self.act()
        raise self.exhausted("no provider is left")


class KeepsAttempts(Exhausted):
    """Raises the declared error, with all that failed since the handler was made."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._attempts: list[object] = []

    def failed(self, error: Exception) -> str:
        own = getattr(error, "attempts", None)
        if not isinstance(own, list | tuple) or not own:
            raise error
        if self._attempts:
            self.act()
        self._attempts += own
        raised = self.exhausted(str(error))
        vars(raised)["attempts"] = tuple(self._attempts)
        raise raised from error


class RaisesAfterAnswer(Plant):
    """Fails on its own way back from an answer."""

    def whole(self, asked: Asked) -> Course[Reply]:
        yield from super().whole(asked)
        self.act()
        raise TypeError("got multiple values for argument 'model'")

    def stream(self, asked: Asked) -> Course[None]:
        yield from super().stream(asked)
        self.act()
        raise TypeError("got multiple values for argument 'model'")


ROWS = (
    Saboteur(
        "raises_after_answer",
        Boundary.REPLY,
        ("answer_lost", "answer_refused", "error_mixed", "whole_as_error", "not_read"),
        "fails by itself when it has the answer",
        "https://github.com/BerriAI/litellm/issues/7807",
        RaisesAfterAnswer,
        "no call was answered",
    ),
    Saboteur(
        "another_text",
        Boundary.REPLY,
        ("not_the_answer", "fallback_trigger.answer_refused", "concurrency_isolation.text_lost"),
        "replaces the answer",
        "https://github.com/langchain-ai/langchain/issues/38886",
        OtherText,
        "no call was answered",
    ),
    Saboteur(
        "error_as_text",
        Boundary.REPLY,
        ("returned_as_content", "failure_as_content"),
        "returns the words of an error as its answer",
        "https://github.com/BerriAI/litellm/issues/33404",
        ErrorAsText,
        "no call failed",
    ),
    Saboteur(
        "another_error",
        Boundary.REPLY,
        ("exhaustion.wrong_error", "cooldown.wrong_error"),
        "raises an error of another class than the declared one",
        "https://github.com/BerriAI/litellm/issues/41385",
        OtherError,
        "no call failed",
    ),
    Saboteur(
        "everything_exhausted",
        Boundary.REPLY,
        ("fallback_trigger.wrong_error",),
        "raises the error of an exhausted chain whatever happened",
        "https://github.com/mozilla-ai/otari/pull/173",
        Exhausted,
        "no call failed",
    ),
    Saboteur(
        "keeps_attempts",
        Boundary.REPLY,
        ("attempts_of_another_call",),
        "reports the attempts of earlier calls with those of a call",
        "https://github.com/BerriAI/litellm/pull/39491",
        KeepsAttempts,
        "no two calls failed with an error that lists its attempts",
    ),
    Saboteur(
        "names_nobody",
        Boundary.REPLY,
        ("provider_not_named",),
        "keeps to itself which providers failed, and how",
        "https://github.com/langchain-ai/langchain/issues/14085",
        NamesNobody,
        "no call failed",
    ),
    Saboteur(
        "another_provider",
        Boundary.REPLY,
        ("wrong_provider",),
        "names a provider that did not serve the call",
        "https://github.com/BerriAI/litellm/issues/13486",
        OtherProvider,
        "the handler does not report the provider, or has only one",
    ),
    Saboteur(
        "another_model",
        Boundary.REPLY,
        ("wrong_model",),
        "names another model than the one that answered",
        "https://github.com/BerriAI/litellm/issues/28241",
        OtherModel,
        "the handler does not report the model",
    ),
    Saboteur(
        "counts_usage_twice",
        Boundary.REPLY,
        ("wrong_usage",),
        "adds what is part of a usage to that usage",
        "https://github.com/BerriAI/litellm/issues/9812",
        CountsTwice,
        "the handler does not report usage",
    ),
)
