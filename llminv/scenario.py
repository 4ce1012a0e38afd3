"""A scenario: one frozen, JSON-able plan of what the caller asks and what each provider does.

It holds every choice; playing it makes none. Acts are keyed by (call, provider, attempt): `attempts`
lists the acts of the first attempts in order, `then` is the act of every later one. A provider without
a script answers, and so does an act without a fault. As JSON, with defaults left out:

    {"calls": [{"operation": "acomplete"}],
     "acts": [{"call": 0, "provider": "openai", "then": {"fault": "http_429"}}]}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from llminv.codec import from_json, to_json
from llminv.contract import Message, ToolCall, Usage

DEFAULT_MESSAGES: tuple[Message, ...] = ({"role": "user", "content": "Say hello."},)
# What an answer is billed unless the scenario says otherwise.
DEFAULT_USAGE = Usage(input_tokens=9, output_tokens=5)


@dataclass(frozen=True)
class Said:
    """What a provider says where it answers; a field left out is what the simulation says by itself.

    The text is `text` said `times` times: long texts are recipes. `finish_reason` is a neutral word (stop,
    length, tool_calls, content_filter). `deltas` says how a stream cuts its texts: "words", "whole",
    "characters", or by `sizes`, in characters, what is left over going into a last delta. `model` is the one
    that the answer names, where that is not the one asked for: a dated snapshot behind an alias, say.

    In formats that tell calls of tools apart by an index, `tool_fragments` says how a stream cuts several of
    them: "in_order", "interleaved" (the next fragment of each in turn) or "at_once" (all whole, in one
    event); `tool_index` whether each has an index of its own: "given", "missing" or "repeated" (0 for all).
    `usage_split`: where a stream reports usage first and last, the last counts what is new and nothing else.
    """

    text: str | None = None
    times: int = 1
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    deltas: str = "words"
    sizes: tuple[int, ...] = ()
    tool_fragments: str = "in_order"
    tool_index: str = "given"
    usage_split: bool = False
    model: str | None = None


@dataclass(frozen=True)
class Framing:
    r"""How a stream's events stand in bytes: every way here says the same to a reader of the SSE standard.

    `newline` is lf, crlf or cr (None: the provider's own). `space` after "data:"; `comments`, `ids` and
    `retries` add such lines before events; `multi_line` spreads data over several lines; `empty_events`
    adds events without a line of data, `unknown_events` events of an unknown name; `escaped` writes text
    outside ASCII as \u escapes.
    `done` False leaves out the event after the last one that says something. `usage_at` and
    `empty_choices_at` put the chunk with nothing but usage, or one without choices, before the event of
    that number (formats with choices only).
    """

    newline: str | None = None
    space: bool = True
    comments: bool = False
    ids: bool = False
    retries: bool = False
    multi_line: bool = False
    empty_events: bool = False
    unknown_events: bool = False
    escaped: bool = False
    done: bool = True
    usage_at: int | None = None
    empty_choices_at: int | None = None


@dataclass(frozen=True)
class Act:
    """What a provider does to one request: it answers, or `fault` (a name of the fault table) happens.

    `after` is the number of content events of a stream before the fault (None: before the first event of
    any kind). The texts `retry_after`, `retry_after_ms` and `retry_info` go out with an error as they are,
    but for `date:5` in the first, which is the HTTP date in five seconds.
    `delay_s` passes before the first byte, `gap_s` between two events; a body that is no stream comes in
    `pieces` then. `cuts` are the positions, in bytes
    of the content, at which the response is split into pieces of their own, `cut_every` splits it into
    pieces of that size; so are the chunks of a chunked body.
    """

    fault: str | None = None
    after: int | None = None
    said: Said | None = None
    retry_after: str | None = None
    retry_after_ms: str | None = None
    retry_info: str | None = None
    delay_s: float = 0.0
    gap_s: float = 0.0
    pieces: int = 2
    framing: Framing | None = None
    cuts: tuple[int, ...] = ()
    cut_every: int | None = None


ANSWER = Act()
# In place of a call's number in a script.
EVERY_CALL = -1


@dataclass(frozen=True)
class Script:
    """The acts of one provider towards one call, or towards every call that has no script of its own."""

    call: int
    provider: str
    attempts: tuple[Act, ...] = ()
    then: Act = ANSWER

    def act(self, attempt: int) -> Act:
        """Return the act of attempt number `attempt`, counted from 0."""
        return self.attempts[attempt] if attempt < len(self.attempts) else self.then


@dataclass(frozen=True)
class Call:
    """One call of the handler: the operation and the request, before the runner adds its marker.

    In `overrides`, `key_of` a provider and a tenant stands for the key that this tenant brings along.
    `wait_s` passes before the call starts; a call that `joins` starts together with the one before it.
    The consumer of a stream wants no more after so many chunks (`stop_after`; None and 0: never stops), or
    so long after it began to wait, whatever has come (`stop_after_s`, of asynchronous streams only).
    count_tokens counts `text` said `times` times or, where that is None, the messages and tools as they
    are; cost is asked `times` times what `usage` costs (None: the usual one). Both ask about `model` of
    `provider`: None is the first provider of the chain, and its declared model.
    """

    operation: str
    messages: tuple[Message, ...] = DEFAULT_MESSAGES
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    tenant: str | None = None
    wait_s: float = 0.0
    joins: bool = False
    stop_after: int | None = None
    stop_after_s: float | None = None
    text: str | None = None
    times: int = 1
    usage: Usage | None = None
    provider: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Scenario:
    """The calls in order, and the scripts of the providers.

    `prices` names the price book in the handler's World: a row of `simulation/prices.py`. `unset` names
    the providers whose keys the handler is not given.
    """

    calls: tuple[Call, ...]
    acts: tuple[Script, ...] = ()
    prices: str = "declared"
    unset: tuple[str, ...] = ()

    def script(self, call: int, provider: str) -> Script:
        """Return the script of `provider` towards call number `call`; without a row it answers."""
        rows = {row.call: row for row in self.acts if row.provider == provider}
        return rows.get(call) or rows.get(EVERY_CALL) or Script(call, provider)

    def to_json(self) -> dict[str, Any]:
        """Return the scenario as JSON-able values (Any: they are whatever JSON holds)."""
        value: dict[str, Any] = to_json(self)
        return value

    @classmethod
    def from_json(cls, data: Any) -> Scenario:
        """Read what `to_json` made; raise ValueError with the path of what does not fit."""
        scenario: Scenario = from_json(cls, data)
        return scenario

    @cached_property
    def text(self) -> str:
        """The scenario as canonical JSON text: equal scenarios have equal text."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))

    @cached_property
    def seed(self) -> int:
        """What the runner seeds `random` with: a function of the scenario alone."""
        return int.from_bytes(hashlib.sha256(self.text.encode()).digest()[:8], "big")


def key_of(provider: str, tenant: str) -> str:
    """Return what stands in a scenario, and in a history, for the key that `tenant` has for `provider`."""
    return f"<key:{provider}/{tenant}>"


def default_text(provider: str, call: int) -> str:
    """Return what `provider` answers to `call` unless the scenario says otherwise: no two are equal."""
    return f"Hello from {provider} to call {call}."
