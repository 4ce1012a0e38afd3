"""The fault table: every way in which a provider can fail, one row each.

A row is data. `fault_class` is what a policy speaks of; a class in YAML means all its rows. `where` says
at which point of an attempt the fault fires, `effect` what happens then, with the provider's own words
where `error` names some. `worked` says whether the provider did the work, which decides whether it may
bill. The order of the rows is the order of simplicity: shrinking prefers an earlier row.

Rows of the class `harmless` are no failures: the whole answer is there, in an unusual way, and a correct
handler gives it to its caller.
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
    BODY = "in the body"
    END = "at the end"


class Effect(StrEnum):
    """What happens when a fault fires."""

    NO_CONNECTION = "the connection cannot be made"
    ERROR = "the provider's error is the whole response"
    SILENCE = "nothing more comes, and the connection stays open"
    PINGS = "nothing but pings comes"
    RESET = "the connection is reset"
    CLOSE = "the connection is closed, in the middle of what was announced"
    END = "the body ends in good order, before its time"
    ERROR_INSIDE = "the provider's error comes in place of the rest of the answer, with status 200"
    BODY = "the body is something else"
    ANSWER = "the answer comes whole"


class Met(StrEnum):
    """When the handler's side has met a fault."""

    FIRST = "with the first bytes"
    MARKED = "with the bytes in which it stands"
    LAST = "with the last bytes"
    ENDING = "with the end of the connection"
    WAITING = "when it has waited in vain"


_MET = {
    Effect.SILENCE: Met.WAITING,
    Effect.PINGS: Met.WAITING,
    Effect.RESET: Met.ENDING,
    Effect.CLOSE: Met.ENDING,
    Effect.END: Met.LAST,
    Effect.ERROR_INSIDE: Met.MARKED,
}


HARMLESS = "harmless"

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
        HARMLESS: "The answer is whole, and comes in an unusual way.",
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: see the head of this file. `error` names a row of the dialects' tables of errors."""

    name: str
    fault_class: str
    where: Where
    effect: Effect
    summary: str
    reference: str
    error: str | None = None
    worked: bool = False

    @property
    def before_request(self) -> bool:
        """Whether the fault fires before a request can be sent."""
        return self.effect is Effect.NO_CONNECTION

    @property
    def answers(self) -> bool:
        """Whether the whole answer arrives all the same."""
        return self.fault_class == HARMLESS

    @property
    def met(self) -> Met:
        """What has to happen before the handler's side has met the fault."""
        return _MET.get(self.effect, Met.FIRST)


_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_ANTHROPIC = "https://docs.anthropic.com/en/api/errors"
_GEMINI = "https://ai.google.dev/gemini-api/docs/troubleshooting"
_DEEPSEEK = "https://api-docs.deepseek.com/quick_start/error_codes"


def _status(name: str, fault_class: str, error: str, summary: str, reference: str) -> Fault:
    return Fault(name, fault_class, Where.HEADERS, Effect.ERROR, summary, reference, error=error)


def _broken(name: str, fault_class: str, effect: Effect, summary: str, reference: str) -> Fault:
    return Fault(name, fault_class, Where.BODY, effect, summary, reference, worked=True)


def _inside(name: str, fault_class: str, error: str, summary: str, reference: str) -> Fault:
    return Fault(
        name, fault_class, Where.BODY, Effect.ERROR_INSIDE, summary, reference, error=error, worked=True
    )


def _body(name: str, summary: str, reference: str, fault_class: str = "malformed") -> Fault:
    return Fault(name, fault_class, Where.BODY, Effect.BODY, summary, reference, worked=True)


def _whole(name: str, summary: str, reference: str, where: Where = Where.BODY) -> Fault:
    return Fault(name, HARMLESS, where, Effect.ANSWER, summary, reference, worked=True)


def _no_connection(name: str, fault_class: str, where: Where, summary: str, reference: str) -> Fault:
    return Fault(name, fault_class, where, Effect.NO_CONNECTION, summary, reference)


_ROWS = (
    # In headers: the provider's own errors.
    _status("http_429", "rate_limit", "rate_limit", "Too many requests.", "RFC 6585 section 4"),
    _status("http_500", "server_error", "server_error", "The provider failed.", _OPENAI),
    _status(
        "http_502",
        "server_error",
        "bad_gateway",
        "A gateway in front of the provider answers with an HTML page.",
        "RFC 9110 section 15.6.3",
    ),
    # Before headers.
    Fault(
        "no_answer",
        "timeout",
        Where.BEFORE_HEADERS,
        Effect.SILENCE,
        "The request is accepted and nothing ever comes back.",
        "https://github.com/openai/openai-python/issues/3828",
    ),
    _no_connection(
        "connect_timeout",
        "timeout",
        Where.CONNECT,
        "The connection attempt is never answered.",
        "RFC 9293 section 3.8.3",
    ),
    _status("http_504", "timeout", "gateway_timeout", "Somebody on the way gave up waiting.", "RFC 9110"),
    _status("http_408", "timeout", "request_timeout", "The request took too long to arrive.", "RFC 9110"),
    _status(
        "http_503",
        "unavailable",
        "unavailable",
        "The provider says that it is overloaded.",
        _ANTHROPIC,
    ),
    _status("http_529", "unavailable", "overloaded", "Overloaded, in the status of Anthropic.", _ANTHROPIC),
    _no_connection(
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
        Effect.RESET,
        "The request is read, then the connection is reset.",
        "RFC 9293 section 3.5.2",
    ),
    Fault(
        "connection_closed",
        "unavailable",
        Where.BEFORE_HEADERS,
        Effect.CLOSE,
        "The request is read, then the connection is closed without a word.",
        "RFC 9112 section 9.5",
    ),
    _no_connection(
        "name_not_found",
        "unavailable",
        Where.LOOKUP,
        "The host name does not resolve.",
        "RFC 1035 section 4.1.1 (RCODE 3)",
    ),
    _status("key_rejected", "invalid_key", "invalid_key", "The key is not valid.", _GEMINI),
    _status(
        "http_401",
        "invalid_key",
        "unauthenticated",
        "The request carries no usable key.",
        "RFC 9110 section 15.5.2",
    ),
    _status("http_403", "invalid_key", "forbidden", "The key may not do this.", "RFC 9110"),
    _status("quota_exhausted", "quota", "quota", "The account has no credit left.", _OPENAI),
    _status("http_402", "quota", "payment_required", "The account has to pay first.", _DEEPSEEK),
    _status("http_400", "bad_request", "bad_request", "The request is not valid.", _OPENAI),
    _status("http_404", "bad_request", "not_found", "There is no such route.", "RFC 9110"),
    _status("model_not_found", "bad_request", "model_not_found", "There is no such model.", _OPENAI),
    _status("http_413", "bad_request", "too_large", "The request is too large.", _ANTHROPIC),
    _status("http_422", "bad_request", "unprocessable", "A parameter is not allowed.", _DEEPSEEK),
    _status("content_refused", "content_policy", "content_policy", "The content is refused.", _OPENAI),
    # In the body: it is not an answer.
    _body("empty_200", "The body is empty.", "https://github.com/BerriAI/litellm/issues/40260"),
    _body("html_200", "The body is a page of HTML.", "https://github.com/openai/openai-python/issues/649"),
    _body(
        "no_choices",
        "The answer has no choice in it (an empty list).",
        "https://github.com/pydantic/pydantic-ai/issues/164",
    ),
    _body("http_307", "The provider redirects to another path, and again.", "RFC 9110 section 15.4.8"),
    _inside(
        "error_inside",
        "server_error",
        "server_error",
        "An error of the server inside a response with status 200.",
        "https://github.com/googleapis/python-genai/issues/2604",
    ),
    _inside(
        "overloaded_inside",
        "unavailable",
        "overloaded",
        "The provider is overloaded and says so inside a response with status 200.",
        "https://github.com/BerriAI/litellm/issues/6957",
    ),
    _inside(
        "rate_limit_inside",
        "rate_limit",
        "rate_limit",
        "The rate limit is hit inside a response with status 200.",
        "https://github.com/BerriAI/litellm/issues/22296",
    ),
    # In the body: it breaks off.
    _broken(
        "truncated",
        "malformed",
        Effect.END,
        "The body ends in good order, but half of the answer is missing.",
        "https://github.com/BerriAI/litellm/issues/40260",
    ),
    _broken(
        "body_closed",
        "unavailable",
        Effect.CLOSE,
        "The connection is closed before the announced end of the body.",
        "https://github.com/Portkey-AI/gateway/issues/1797",
    ),
    _broken(
        "body_reset",
        "unavailable",
        Effect.RESET,
        "The connection is reset in the middle of the body.",
        "https://github.com/BerriAI/litellm/issues/33404",
    ),
    _broken(
        "stall",
        "timeout",
        Effect.SILENCE,
        "After the headers, or some of the answer, nothing more comes.",
        "https://github.com/BerriAI/litellm/issues/8333",
    ),
    _broken(
        "stall_with_pings",
        "timeout",
        Effect.PINGS,
        "After the headers, or some of the answer, nothing but pings comes.",
        "https://github.com/BerriAI/litellm/pull/39898",
    ),
    # Harmless: the answer is whole.
    _whole("slow_headers", "The answer begins late, but in time.", "RFC 9110", Where.HEADERS),
    _whole(
        "slow_drip",
        "The answer comes slowly, piece by piece.",
        "https://github.com/BerriAI/litellm/issues/19909",
    ),
    _whole("wrong_content_type", "The answer is declared to be plain text.", "RFC 9110 section 8.3"),
    _whole("gzip", "The body is compressed, where the request allows it.", "RFC 9110 section 8.4.1"),
    _whole(
        "keepalive_dropped", "The connection is closed after the answer.", "RFC 9112 section 9.6", Where.END
    ),
    _whole(
        "usage_missing",
        "The answer does not report usage.",
        "https://github.com/BerriAI/litellm/issues/17136",
        Where.END,
    ),
    _whole(
        "usage_growing",
        "Every event of a stream reports the usage so far.",
        "https://github.com/soulduse/ai-token-monitor/issues/1",
    ),
    _whole(
        "usage_wrong",
        "The reported usage is not what the text has.",
        "https://github.com/BerriAI/litellm/issues/36604",
        Where.END,
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
