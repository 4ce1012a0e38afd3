"""A history as rows of text: when, who, whom, what. The terminal and VALIDATED_BUG.md show the same rows.

The handler stands in the middle: the caller calls it, it calls providers. Times are virtual seconds,
attempts are counted from 1, and a fault is named as in the fault table, once with its summary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.codec import to_json
from llminv.history import (
    UNKNOWN_ROUTE,
    CallStarted,
    ChunkReceived,
    ConnectFailed,
    ConnectionClosed,
    ConsumerStopped,
    ContractBroken,
    FaultReached,
    HostRefused,
    Raised,
    RealRefused,
    Released,
    Replied,
    RequestReceived,
    ResponseSent,
    Returned,
    Stopped,
)
from llminv.reports.text import counted, one_line
from llminv.simulation.dialects.values import as_text
from llminv.simulation.faults import FAULTS, Where

if TYPE_CHECKING:
    from llminv.contract import Message, Reply
    from llminv.history import Event, History
    from llminv.scenario import Act, Call, Scenario

CALLER = "caller"
HANDLER = "handler"
ROWS_MAX = 40
# Of a longer history the beginning says what went wrong and the end how it ended.
ROWS_AT_END = 12

_STOPPED = {
    "hang": "stopped: nothing can ever happen again, and nobody holds a timer",
    "horizon": "stopped: the virtual time that a scenario may take is over",
    "flood": "stopped: more requests than any handler needs",
}


@dataclass(frozen=True)
class Row:
    """One line of a timeline; a row without `who` stands for rows that are left out."""

    at_s: float
    who: str
    whom: str
    what: str

    @property
    def at(self) -> str:
        """The virtual time as text."""
        return f"{self.at_s:.3f} s"


def timeline(scenario: Scenario, history: History, rows_max: int = ROWS_MAX) -> list[Row]:
    """Return what happened in `history`, which is one of `scenario`, as at most `rows_max` rows."""
    rows = _Teller(scenario).rows(history)
    left_out = len(rows) - rows_max
    if left_out <= 0:
        return rows
    begin = rows_max - ROWS_AT_END - 1
    gap = rows[begin : begin + left_out + 1]
    return [
        *rows[:begin],
        Row(gap[0].at_s, "", "", f"… {counted(len(gap), 'row')} more"),
        *rows[begin + len(gap) :],
    ]


class _Teller:
    """Walks over the events of one history; `_told` are the attempts whose end a row has told already."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._faults: dict[tuple[int, str, int], str | None] = {}
        self._told: set[tuple[int, str, int]] = set()
        self._explained: set[str] = set()

    def rows(self, history: History) -> list[Row]:
        rows: list[Row] = []
        chunks: list[ChunkReceived] = []
        for event in history.events:
            row = None if isinstance(event, ChunkReceived) else self._row(event)
            if chunks and (row is not None or self._parts(chunks[0], event)):
                rows.append(self._chunks(chunks))
                chunks = []
            if isinstance(event, ChunkReceived):
                chunks.append(event)
            elif row is not None:
                rows.append(row)
        return [*rows, self._chunks(chunks)] if chunks else rows

    @staticmethod
    def _parts(first: ChunkReceived, event: Event) -> bool:
        """Return whether an event without a row parts the chunks since `first` from what comes later."""
        return event.call != first.call if isinstance(event, ChunkReceived) else event.at_s != first.at_s

    def _row(self, event: Event) -> Row | None:
        match event:
            case CallStarted():
                return self._asked(event)
            case ConnectFailed():
                what = f"{_attempt(event.attempt)}: {self._fault(event.fault)}"
                return self._of(event, HANDLER, event.provider, what)
            case RequestReceived():
                self._faults[event.call, event.provider, event.attempt] = event.fault
                return self._of(event, HANDLER, event.provider, _request(event))
            case ResponseSent():
                response = self._response(event)
                return self._of(event, event.provider, HANDLER, response) if response else None
            case FaultReached():
                if (event.call, event.provider, event.attempt) in self._told:
                    return None
                return self._of(event, event.provider, HANDLER, self._fault(event.fault))
            case ConnectionClosed():
                if self._faults.get((event.call, event.provider, event.attempt)) is not None:
                    return None  # why it was given up, the fault says
                what = "closes the connection before the answer is whole"
                return self._of(event, HANDLER, event.provider, what)
            case HostRefused():
                what = "refused: neither a declared provider nor a known one"
                return self._of(event, HANDLER, f"{event.host}:{event.port}", one_line(what))
            case RealRefused():
                what = f"refused, it would leave the simulation: {one_line(event.what)}"
                return self._of(event, HANDLER, one_line(event.library), what)
            case ConsumerStopped():
                return self._of(event, CALLER, HANDLER, "wants no more of the stream")
            case Released():
                return self._of(event, HANDLER, CALLER, "lets go of the stream")
            case Replied():
                return self._of(event, HANDLER, CALLER, _reply(event.reply))
            case Returned():
                return self._of(event, HANDLER, CALLER, f"returns {event.type} {one_line(event.value)}")
            case Raised():
                what = f"raises {event.error.type}: {one_line(event.error.message)}"
                return self._of(event, HANDLER, CALLER, what.removesuffix(": "))
            case ContractBroken():
                what = f"returns what the contract does not know: {one_line(event.observed)}"
                return self._of(event, HANDLER, CALLER, what)
            case Stopped():
                what = _STOPPED.get(event.reason, event.reason)
                detail = f" ({one_line(event.detail)})" if event.detail else ""
                return self._of(event, "llminv", HANDLER, what + detail)
            case ChunkReceived():
                return self._chunks([event])

    def _of(self, event: Event, who: str, whom: str, what: str) -> Row:
        is_one_of_many = len(self._scenario.calls) > 1 and event.call >= 0
        return Row(event.at_s, who, whom, f"call {event.call}: {what}" if is_one_of_many else what)

    def _asked(self, event: CallStarted) -> Row:
        calls = self._scenario.calls
        call = calls[event.call] if event.call < len(calls) else None
        what = event.operation
        if call is not None:
            what += f" {_about(call)}" + (f", starting at {call.start}" if call.start else "")
            unset = self._scenario.unset if event.call == 0 else ()
            what += f", without a key for {' and '.join(unset)}" if unset else ""
        return self._of(event, CALLER, HANDLER, what)

    def _response(self, event: ResponseSent) -> str | None:
        """Return what the head of a response says, or how it broke off; None for what goes on as begun."""
        key = (event.call, event.provider, event.attempt)
        fault = self._faults.get(key)
        if event.end == "whole" and fault is None:
            self._told.add(key)
        if event.status is not None:
            if fault == UNKNOWN_ROUTE:
                return f"{event.status}: nothing that a scenario decides about"
            if fault is not None and fault in FAULTS and FAULTS[fault].where is Where.HEADERS:
                self._told.add(key)
                return f"{event.status}, {self._fault(fault)}{_advice(self._act(event))}"
            return f"{event.status}: an answer{_unusual(self._act(event))}"
        if event.end in ("closed", "reset") and fault is None and key not in self._told:
            return f"the connection is {event.end} before the answer is whole"
        return None

    def _act(self, event: ResponseSent) -> Act:
        return self._scenario.script(event.call, event.provider).act(event.attempt)

    def _fault(self, name: str) -> str:
        """Return the name of a fault, with its summary where it stands for the first time."""
        if name in self._explained or name not in FAULTS:
            return name
        self._explained.add(name)
        return f"{name}: {FAULTS[name].summary}"

    def _chunks(self, chunks: list[ChunkReceived]) -> Row:
        text = one_line("".join(event.chunk.text for event in chunks))
        return self._of(chunks[0], HANDLER, CALLER, f'{counted(len(chunks), "chunk")}: "{text}"')


def _attempt(attempt: int) -> str:
    return f"attempt {attempt + 1}"


def _request(event: RequestReceived) -> str:
    what = _attempt(event.attempt) if event.attempt >= 0 else one_line(f"{event.method} {event.url}")
    if event.model is not None:
        what += f", model {one_line(event.model)}"
    foreign = [owner for owner in event.keys if owner != event.provider]
    return f"{what}, with the key of {' and '.join(foreign)}" if foreign else what


def _advice(act: Act) -> str:
    """Return what an error says about asking again."""
    said = (
        ("Retry-After", act.retry_after),
        ("retry-after-ms", act.retry_after_ms),
        ("RetryInfo", act.retry_info),
    )
    return "".join(f" {name}: {text}." for name, text in said if text is not None)


def _unusual(act: Act) -> str:
    """Return what an answer says that could not be told from the reply."""
    said = act.said
    if said is None:
        return ""
    empty = said.text == "" and not said.tool_calls
    named = f" in the name of {one_line(said.model)}" if said.model is not None else ""
    return (" without text" if empty else "") + named


def _about(call: Call) -> str:
    """Return what a call is given; of which model it asks, where it says so."""
    if call.usage is not None:
        about = ", ".join(f"{name} {tokens}" for name, tokens in to_json(call.usage).items())
    elif call.text is not None:
        about = f'"{one_line(call.text)}"' + (f" {call.times} times" if call.times != 1 else "")
    else:
        about = ", ".join([_prompt(call.messages), *_options(call)])
    asked = " ".join(one_line(word) for word in (call.provider, call.model) if word)
    return f"{about} for {asked}" if asked else about


def _options(call: Call) -> Iterator[str]:
    """Yield what a call says beside its messages, and whose it is."""
    named = [str(tool.get("function", {}).get("name")) for tool in call.tools]
    if named:
        yield f"with the {'tool' if len(named) == 1 else 'tools'} {' and '.join(map(one_line, named))}"
    if call.tool_choice is not None:
        yield f"tool choice {one_line(as_text(call.tool_choice))}"
    yield from (f"{name} {one_line(as_text(value))}" for name, value in call.params.items())
    if call.tenant is not None:
        yield f"with the keys of {one_line(call.tenant)}"
    for owner, asked in call.overrides.items():
        rest = {name: value for name, value in asked.items() if name != "api_key" or call.tenant is None}
        if rest:
            yield f"for {owner} {one_line(as_text(rest))}"


def _prompt(messages: tuple[Message, ...]) -> str:
    if not messages:
        return "without a message"
    content = messages[-1].get("content")
    last = f'"{one_line(content)}"' if isinstance(content, str) else one_line(repr(content))
    return last if len(messages) == 1 else f"{last}, the last of {len(messages)} messages"


def _reply(reply: Reply | None) -> str:
    if reply is None:
        return "the stream ends"
    what = f'replies "{one_line(reply.text)}"'
    if reply.tool_calls:
        what += f" and {counted(len(reply.tool_calls), 'tool call')}"
    served = ", ".join(one_line(word) for word in (reply.provider, reply.model) if word)
    return f"{what} ({served})" if served else what
