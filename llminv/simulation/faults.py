"""The fault table: every way in which a provider can fail, one row each.

A row is data. `fault_class` is what a policy speaks of; a class in YAML means all its rows. `where`
says at which point of an attempt the fault fires. `status` and `error` say what is sent: the body
comes from the provider's dialect, in its own words (an invalid key at Gemini is an HTTP 400). `worked`
says whether the provider did the work, which decides whether it may bill. The order of the rows is the
order of simplicity: shrinking prefers an earlier row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Where(StrEnum):
    """The points of an attempt at which a fault can fire, in time order."""

    LOOKUP = "at name lookup"
    CONNECT = "before connect"
    BEFORE_HEADERS = "before headers"
    HEADERS = "in headers"


class Ending(StrEnum):
    """What becomes of the connection once the bytes of the fault are sent."""

    OPEN = "stays open"
    RESET = "is reset"


CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "rate_limit": "The provider limits the rate of requests.",
        "server_error": "The provider failed.",
        "timeout": "The provider does not answer in time.",
        "unavailable": "The provider cannot be reached or is overloaded.",
        "invalid_key": "The provider does not accept the key.",
        "quota": "The account has no credit left.",
        "malformed": "The answer is not one: empty, truncated, or not in the provider's format.",
        "bad_request": "The request itself is refused.",
        "content_policy": "The content is refused.",
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: see the head of this file. `error` names the body in the dialect's own table of errors.

    A row that sends nothing and leaves the connection open is silence.
    """

    name: str
    fault_class: str
    where: Where
    summary: str
    reference: str
    error: str | None = None
    ending: Ending = Ending.OPEN
    worked: bool = False

    @property
    def before_request(self) -> bool:
        """Whether the fault fires before a request can be sent."""
        return self.where in (Where.LOOKUP, Where.CONNECT)


_ROWS = (
    Fault(
        "http_429",
        "rate_limit",
        Where.HEADERS,
        "The rate-limit error of the provider, without Retry-After.",
        "RFC 6585 section 4; https://github.com/BerriAI/litellm/issues/3274",
        error="rate_limit",
    ),
    Fault(
        "http_500",
        "server_error",
        Where.HEADERS,
        "The internal-error answer of the provider.",
        "RFC 9110 section 15.6.1; https://platform.openai.com/docs/guides/error-codes",
        error="server_error",
    ),
    Fault(
        "http_502",
        "server_error",
        Where.HEADERS,
        "A gateway in front of the provider answers 502 with an HTML page.",
        "RFC 9110 section 15.6.3",
        error="bad_gateway",
    ),
    Fault(
        "no_answer",
        "timeout",
        Where.BEFORE_HEADERS,
        "The request is accepted and nothing ever comes back.",
        "https://github.com/openai/openai-python/issues/3828",
    ),
    Fault(
        "connect_timeout",
        "timeout",
        Where.CONNECT,
        "The connection attempt is never answered.",
        "RFC 9293 section 3.8.3",
    ),
    Fault(
        "http_504",
        "timeout",
        Where.HEADERS,
        "The provider, or the gateway in front of it, gives up waiting: 504.",
        "RFC 9110 section 15.6.5",
        error="gateway_timeout",
    ),
    Fault(
        "http_503",
        "unavailable",
        Where.HEADERS,
        "The provider says that it is overloaded: 503 (529 at Anthropic).",
        "RFC 9110 section 15.6.4; https://docs.anthropic.com/en/api/errors",
        error="unavailable",
    ),
    Fault(
        "connection_refused",
        "unavailable",
        Where.CONNECT,
        "Nothing listens: the connection is refused at once.",
        "RFC 9293 section 3.5.2",
    ),
    Fault(
        "connection_reset",
        "unavailable",
        Where.BEFORE_HEADERS,
        "The request is read, then the connection is reset.",
        "RFC 9293 section 3.5.2",
        ending=Ending.RESET,
    ),
    Fault(
        "name_not_found",
        "unavailable",
        Where.LOOKUP,
        "The host name does not resolve.",
        "RFC 1035 section 4.1.1 (RCODE 3)",
    ),
    Fault(
        "key_rejected",
        "invalid_key",
        Where.HEADERS,
        "The provider says that the key is not valid (401; at Gemini 400 with API_KEY_INVALID).",
        "https://platform.openai.com/docs/guides/error-codes; https://ai.google.dev/gemini-api/docs/troubleshooting",
        error="invalid_key",
    ),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({row.name: row for row in _ROWS})
RANK: Mapping[str, int] = MappingProxyType({name: rank for rank, name in enumerate(FAULTS)})


def faults_of(word: str) -> tuple[str, ...]:
    """Return the fault names that `word` (a class or a single fault) means; raise KeyError for neither."""
    if word in FAULTS:
        return (word,)
    if word not in CLASSES:
        raise KeyError(word)
    return tuple(row.name for row in _ROWS if row.fault_class == word)
