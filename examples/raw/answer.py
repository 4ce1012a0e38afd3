"""One answer while it is being read: what every dialect's reader shares.

A reader is given bytes (`feed`, then `end` where they end) and gives back deltas of text at once. Everything
else is kept until the answer is whole, because only then is it worth anything: tool calls, of which half is
not a call; the finish reason; the usage, of which the last word counts.

A dialect implements `_event`, which is given the JSON of one event, and says when the answer is `complete`.
Whatever it cannot read raises; `feed` turns that into the one error that a reader raises, ProviderError.
"""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from llminv.contract import Chunk, ToolCall, Usage
from raw.errors import ProviderError
from raw.faults import error_of, stream_fault
from raw.policy import FaultClass
from raw.sse import SSEReader

# Events are JSON as the provider sends it, hence Any.
Json = Any
# What reading raises where an event is not what the format says.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass
class Call:
    """A tool call that is being put together from fragments."""

    id: str | None = None
    name: str | None = None
    arguments: list[str] = field(default_factory=list)


class AnswerReader(ABC):
    """Reads one streamed answer of one provider.

    `moved` says whether the last `feed` brought the answer forward: pings, comments and empty deltas do not,
    and a stream of nothing else has stalled. `ended` says that nothing more comes, so that there is no need
    to wait for the end of the body.
    """

    finish_reasons: ClassVar[Mapping[str, str]]

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._sse = SSEReader()
        self._texts: list[str] = []
        self._calls: list[Call] = []
        self._finish: str | None = None
        self._usage: dict[str, Json] = {}
        self._model: str | None = None
        self.moved = False
        self.ended = False

    @property
    def complete(self) -> bool:
        """Whether the provider has said that, and why, the answer is over: all else is a broken one."""
        return self._finish is not None

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """Yield the deltas of text that `data` completes; raise ProviderError.

        What stands before an error is yielded before it is raised, so that it makes no difference whether
        both came in one read.
        """
        self.moved = False
        for event in self._sse.feed(data):
            if event.data.strip() and not self.ended:  # an event without data says nothing
                self._read(event.data)
                yield from self._deltas()

    def end(self) -> Iterator[Chunk]:
        """Yield what was kept until the answer is whole; raise ProviderError where it is not."""
        rest = self._sse.unframed  # half an event or a page of HTML says nothing; bare JSON may
        with contextlib.suppress(ValueError, RecursionError):
            if isinstance(json.loads(rest), dict | list):
                self._read(rest)
        if not self.complete:
            raise ProviderError(FaultClass.MALFORMED, "the stream ended before the answer did")
        yield from self._deltas()
        for index, call in enumerate(self._calls):
            yield self._chunk(tool_call=ToolCall(call.id, call.name, "".join(call.arguments), index))
        finish = self.finish_reasons.get(self._finish or "", self._finish)
        yield self._chunk(finish_reason=finish, usage=self._total(self._usage) if self._usage else None)

    def _deltas(self) -> Iterator[Chunk]:
        texts, self._texts = self._texts, []
        return (self._chunk(text=text) for text in texts)

    def _chunk(self, **said: Json) -> Chunk:
        return Chunk(provider=self._provider, model=self._model, **said)

    def _read(self, data: str) -> None:
        try:
            self._data(data)
        except _UNREADABLE as error:
            raise ProviderError(FaultClass.MALFORMED, f"unreadable: {type(error).__name__}") from error

    def _data(self, data: str) -> None:
        body = json.loads(data)
        error = error_of(body)
        if error is not None:
            raise stream_fault(error)
        self._event(body)

    @abstractmethod
    def _event(self, body: Json) -> None:
        """Read one event."""

    @abstractmethod
    def _total(self, usage: Mapping[str, Json]) -> Usage:
        """Return the usage; what is not reported is None, which is not 0."""

    # What a dialect has read

    def _say(self, value: Json) -> None:
        if text(value):
            self._texts.append(value)
            self.moved = True

    def _think(self, value: Json) -> None:
        self.moved |= bool(value)  # reasoning is not shown, but it is a sign of life

    def _finished(self, reason: Json) -> None:
        if text(reason):
            self._finish = reason
            self.moved = True

    def _used(self, usage: Mapping[str, Json] | None) -> None:
        """Note the usage so far; counts grow, or come in parts, so the last word on each one counts."""
        self._usage |= {key: value for key, value in (usage or {}).items() if value is not None}


def text(value: Json) -> str:
    """Return a text, "" for null; raise TypeError for what is no text, so that none of it is passed on."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of a text")
    return value or ""


def tokens(usage: Mapping[str, Json], *path: str) -> int | None:
    """Return the count at `path`, None where there is none."""
    value: Json = usage
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def total(main: int | None, *more: int | None) -> int | None:
    """Return the sum of what is reported, None where the main count is not."""
    return None if main is None else main + sum(count or 0 for count in more)
