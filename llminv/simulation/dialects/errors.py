"""Errors of providers as data: their names, one row of a dialect's table, and what they say on retrying.

The names are the `error` column of the fault table. Every dialect has a row for each; which status and
which words it has is the dialect's own. A row that no public document or report shows is `guessed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "bad_request": "400: the request is not valid.",
        "content_policy": "The content is refused.",
        "invalid_key": "The key is not valid: 401, at Gemini 400.",
        "unauthenticated": "401: the request carries no usable key.",
        "payment_required": "402: the account has to pay first.",
        "quota": "The account has no credit left, in the status that this provider uses for it.",
        "forbidden": "403: the key may not do this.",
        "not_found": "404: there is no such route.",
        "model_not_found": "There is no such model: 404, at DeepSeek 400.",
        "request_timeout": "408: the request took too long to arrive.",
        "too_large": "413: the request is too large.",
        "unprocessable": "422: a parameter has a value that is not allowed.",
        "rate_limit": "429: too many requests.",
        "server_error": "500: the provider failed.",
        "bad_gateway": "502: a gateway in front of the provider answers with a page of HTML.",
        "unavailable": "The provider is overloaded: 503, at Anthropic 529.",
        "service_unavailable": "503, whatever this provider means by it.",
        "gateway_timeout": "504: the provider, or the gateway in front of it, gave up waiting.",
        "overloaded": "529: Anthropic's own status, sent by gateways in front of others.",
    }
)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error in the words of a provider; "{model}" in the message is the model asked for."""

    status: int
    kind: str
    message: str
    code: str | None = None
    param: str | None = None
    guessed: bool = False

    def about(self, model: str) -> ErrorRow:
        """Return the row with the model's name in its message."""
        return replace(self, message=self.message.replace("{model}", model))


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An error whose body is not in the provider's own error format."""

    status: int
    body: str
    content_type: str = "text/html"
    guessed: bool = False


ErrorTable: TypeAlias = Mapping[str, ErrorRow | Verbatim]


@dataclass(frozen=True)
class Retry:
    """What an error says about retrying. Each is text that goes out as it is, so it may be nonsense.

    `after` is Retry-After (RFC 9110 section 10.2.3: seconds or an HTTP date), `after_ms` and `should`
    are what the SDKs of OpenAI and Anthropic read (retry-after-ms, x-should-retry). `info` is the
    retryDelay ("19s") of a google.rpc.RetryInfo, which only Gemini sends; other dialects leave it out.
    """

    after: str | None = None
    after_ms: str | None = None
    should: str | None = None
    info: str | None = None

    @cached_property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that say it."""
        said = (
            ("retry-after", self.after),
            ("retry-after-ms", self.after_ms),
            ("x-should-retry", self.should),
        )
        return tuple((name, value) for name, value in said if value is not None)


NO_ADVICE = Retry()


def gateway_page(title: str, server: str) -> str:
    """Return the page that nginx and its kin (Cloudflare, OpenResty) send with an error of their own."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    )
