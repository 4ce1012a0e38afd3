"""The recorder writes a world's history, and sees to it that no key gets into one (by `keys`)."""

from __future__ import annotations

import _thread
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from llminv.history import Event, FaultReached, RequestReceived, ResponseSent, Returned
from llminv.simulation.clock import Time
from llminv.simulation.http import HttpRequest
from llminv.simulation.keys import Keys
from llminv.simulation.sites import Setting

# Addresses of objects differ from process to process and stand in the repr of many an exception.
# anyio writes them without the 0x; a process in user space has none of other lengths or beginnings.
_ADDRESS = re.compile(r"0x[0-9a-f]{6,16}|\b[57][0-9a-f]{11}\b")
PRINTED_CHARACTERS_MAX = 20_000
LOGGED_MAX = 20


@dataclass
class _Pending:
    """Bytes of a response that have no event yet; `key` is call, provider, attempt and time."""

    key: tuple[int, str, int, float]
    data: bytearray = field(default_factory=bytearray)
    status: int | None = None
    end: str | None = None


class Recorder:
    """Events in order, with the clock's time; all text is cleaned of keys on the way in."""

    def __init__(self, setting: Setting, clock: Time, tenants: Iterable[str] = ()) -> None:
        self._clock = clock
        self._keys = Keys(setting, tenants)
        self._events: list[Event] = []
        self._pending: _Pending | None = None
        # The loopback server records from a thread of its own. A lock that no simulation replaces.
        self._lock = _thread.allocate_lock()
        self.printed: list[str] = []
        self.logged: list[str] = []
        self.finished = False

    def add(self, event_type: type[Any], **fields: Any) -> None:
        """Append an event that happens now (fields: those of the class, hence Any)."""
        with self._lock:
            if not self.finished:
                self._flush()
                self._events.append(event_type(at_s=self._clock.now_s, **fields))

    def events(self) -> tuple[Event, ...]:
        """Return all events so far."""
        with self._lock:
            self._flush()
            return tuple(self._events)

    def print(self, text: str) -> None:
        """Keep what the handler printed, up to a limit."""
        if sum(map(len, self.printed)) < PRINTED_CHARACTERS_MAX:
            self.printed.append(self.clean(text))

    def log(self, text: str) -> None:
        """Keep what the event loop or the clean-up has to say; it takes no part in equality."""
        if len(self.logged) < LOGGED_MAX:
            self.logged.append(self.clean_stable(text))

    def clean(self, text: str, receiver: str | None = None) -> str:
        """Return `text` without keys; `receiver` is the provider that received it, if one did."""
        return self._keys.clean(text, receiver)

    def clean_stable(self, text: str) -> str:
        """Return `text` without keys and without addresses of objects."""
        return _ADDRESS.sub("0x…", self.clean(text))

    def owners(self, text: str) -> tuple[str, ...]:
        """Return whose keys stand in `text`, in order of the providers' names."""
        return self._keys.owners(text)

    def request(
        self,
        request: HttpRequest,
        url: str,
        *,
        call: int,
        provider: str,
        attempt: int,
        model: str | None,
        fault: str | None,
    ) -> None:
        """Record a request that `provider` has read whole."""
        self._keys.learn(url, request.headers)
        body = request.body.decode("utf-8", "backslashreplace")
        everything = "\n".join([url, body, *(f"{name}: {value}" for name, value in request.headers)])
        self.add(
            RequestReceived,
            call=call,
            provider=provider,
            attempt=attempt,
            method=request.method,
            url=self.clean(url, provider),
            headers=tuple((name, self.clean(value, provider)) for name, value in request.headers),
            body=self.clean(body, provider),
            model=model,
            keys=self.owners(everything),
            fault=fault,
        )

    def response(
        self, data: bytes, *, call: int, provider: str, attempt: int, status: int | None, end: str | None
    ) -> None:
        """Record bytes of a response that reached the handler's side.

        Bytes of the same attempt that follow at once, with nothing between them, become one event.
        """
        with self._lock:
            if self.finished:
                return
            key = (call, provider, attempt, self._clock.now_s)
            pending = self._pending
            if pending is None or pending.key != key or pending.end is not None:
                self._flush()
                pending = self._pending = _Pending(key)
            pending.data += data
            pending.status = pending.status or status
            pending.end = end

    def _flush(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            call, provider, attempt, at_s = pending.key
            text = self.clean(pending.data.decode("utf-8", "backslashreplace"))
            self._events.append(
                ResponseSent(at_s, call, provider, attempt, text, pending.status, pending.end)
            )

    def returned(self, call: int, type_name: str, value: str) -> None:
        """Record a value that an operation returned; one that comes again at once makes no further event."""
        with self._lock:
            self._flush()
            last = self._events[-1]
        if isinstance(last, Returned) and (last.call, last.type, last.value) == (call, type_name, value):
            self._events[-1] = replace(last, times=last.times + 1)
        else:
            self.add(Returned, call=call, type=type_name, value=value)

    def reached(self, *, call: int, provider: str, attempt: int, fault: str) -> None:
        """Record that the handler's side has met a fault."""
        self.add(FaultReached, call=call, provider=provider, attempt=attempt, fault=fault)
