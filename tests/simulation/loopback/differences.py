"""What a caller can tell apart all the same, each with its reason: the whole list.

Only the types of what was raised differ, nothing else of an outline. A row that is not true any more
fails the conformance test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    reason: str
    clients: frozenset[str]
    scripts: frozenset[str]


DIFFERENCES = (
    Difference(
        "simulated providers have https:// addresses, and over TLS anyio keeps asking for more inside its "
        "handling of SSLWantReadError, which stays in the context of a timeout; the loopback server has no TLS",
        frozenset({"OpenAIAsync", "AnthropicAsync", "GeminiAsync"}),
        frozenset({"stall", "stall after 2", "stall_with_pings"}),
    ),
    Difference(
        "clients are given an address, so its name cannot be unknown: the connection is refused instead, "
        "which these clients report by another name",
        frozenset({"Requests", "Aiohttp"}),
        frozenset({"name_not_found"}),
    ),
)
