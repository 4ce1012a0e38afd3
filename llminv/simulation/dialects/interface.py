"""What a dialect is: one provider's wire format, as pure functions from values to values.

A dialect parses a request into the neutral form, and turns an answer or an error into a response in
the provider's own bytes. It knows neither connections nor time. One file each beside this one; the
table is in `__init__.py`. Ids, timestamps and everything else in a body are fixed, so that the same
scenario gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from llminv.contract import ToolCall, Usage
from llminv.simulation.http import HttpRequest, Response

# Seconds since the epoch at which every simulated world starts: 2026-09-21T14:13:20Z.
EPOCH_S = 1_790_000_000


@dataclass(frozen=True)
class ParsedRequest:
    """A request in neutral form. Messages and tools are JSON as received, hence Any.

    `operation` is "complete", "stream" or "count_tokens". `messages` are in OpenAI's shape (a system
    prompt is a message of the role "system"), `params` in OpenAI's names (max_tokens, temperature,
    stop, ...), whatever the dialect.
    """

    operation: str
    model: str
    key: str | None = None
    messages: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a provider says, before its dialect puts it into bytes.

    `finish_reason` is in neutral words: stop, length, tool_calls, content_filter.
    """

    text: str
    model: str
    finish_reason: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=9, output_tokens=5))


class Dialect(Protocol):
    """One provider's wire format. `hosts` are the provider's public hosts.

    `base_url_variables` are the environment variables from which clients read a base URL, and
    `key_variables` those from which they read the key.
    """

    name: str
    hosts: tuple[str, ...]
    base_url_variables: tuple[str, ...]
    key_variables: tuple[str, ...]

    def parse(self, request: HttpRequest) -> ParsedRequest | None:
        """Return the neutral form, or None where the route is not one of this dialect's."""
        ...

    def answer(self, answer: Answer) -> Response:
        """Return the whole, unstreamed answer."""
        ...

    def error(self, name: str, model: str) -> Response:
        """Return the provider's own error called `name`; KeyError where it has none.

        The names are the `error` column of the fault table, and "not_found" for an unknown route.
        """
        ...


def as_json(value: Any) -> bytes:
    """Return compact JSON bytes (value: anything JSON holds) with non-ASCII text left as it is."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
