"""From what an SDK raised to a fault class, by status and body, and from headers to a Retry-After.

The rows below are where the providers differ from what their status says; sources: the error pages
https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors,
https://api-docs.deepseek.com/quick_start/error_codes and
https://ai.google.dev/gemini-api/docs/troubleshooting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from byok.errors import ErrorInsideError, ProviderError
from byok.policy import FaultClass

_BY_STATUS = {
    401: FaultClass.INVALID_KEY,
    402: FaultClass.QUOTA,
    403: FaultClass.INVALID_KEY,
    408: FaultClass.TIMEOUT,
    429: FaultClass.RATE_LIMIT,
    503: FaultClass.UNAVAILABLE,
    504: FaultClass.TIMEOUT,
    529: FaultClass.UNAVAILABLE,
}
# Codes, types and reasons in an error's body. They outweigh the status.
_BY_WORD = {
    "insufficient_quota": FaultClass.QUOTA,
    "billing_error": FaultClass.QUOTA,
    "billing_not_active": FaultClass.QUOTA,
    "billing_hard_limit_reached": FaultClass.QUOTA,
    "enforced_spend_limit_reached": FaultClass.QUOTA,
    "API_KEY_INVALID": FaultClass.INVALID_KEY,
    "content_policy_violation": FaultClass.CONTENT_POLICY,
    "content_filter": FaultClass.CONTENT_POLICY,
}
# The statuses that errors ought to have had which come inside a response with status 200, by the same words:
# https://docs.anthropic.com/en/api/errors. Gemini says the status itself; for any other word it is 500.
_STATUS_BY_WORD = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "service_unavailable_error": 503,
    "timeout_error": 504,
    "overloaded_error": 529,
}
# Anthropic's 400 for an account without credit has no code of its own:
# https://github.com/anthropics/claude-code/issues/66314
_NO_CREDIT = "credit balance is too low"
# What SDKs raise over a 200 that is no answer, and what reading it raises: they validate almost nothing.
MALFORMED_ERRORS = (ValueError, TypeError, AttributeError, LookupError)

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_RETRY_DELAY = re.compile(r"([0-9]+(?:\.[0-9]+)?)s")


def status_fault(error: Exception, status: int, headers: Mapping[str, str], body: object) -> ProviderError:
    """Return the fault that an answer with an error status is."""
    details = _error_of(body)
    fault_class = _BY_STATUS.get(status)
    if fault_class is None and status < 400:
        fault_class = FaultClass.MALFORMED  # a redirect, or a success without a body: not an answer
    elif fault_class is None:
        fault_class = FaultClass.BAD_REQUEST if status < 500 else FaultClass.SERVER_ERROR
    if _NO_CREDIT in str(details.get("message")):
        fault_class = FaultClass.QUOTA
    for word in _words(details):
        fault_class = _BY_WORD.get(word, fault_class)
    return ProviderError(fault_class, error, status=status, retry_after_s=retry_after_s(headers, body))


def status_inside(body: bytes) -> int | None:
    """Return the status that the error in the body of a 200 ought to have had, None where there is none.

    A gateway that has sent its headers can report a failure only there
    (https://github.com/BerriAI/litellm/issues/6957), and the SDKs take it for an answer without content.
    """
    try:
        value = json.loads(body)
    except ValueError:
        return None
    first = value[0] if isinstance(value, list) and value else value
    error = first.get("error") if isinstance(first, dict) else None
    if not isinstance(error, dict):
        return None
    code = error.get("code")
    if isinstance(code, int) and 400 <= code < 600:
        return code
    statuses = (_STATUS_BY_WORD.get(word) for word in _words(error))
    return next((status for status in statuses if status is not None), 500)


def fault_inside(data: bytes) -> ProviderError | None:
    """Return the fault that an event of a stream, or what stands behind the last one, reports, if any."""
    status = status_inside(data)
    if status is None:
        return None
    body = json.loads(data)
    error = ErrorInsideError(f"HTTP {status} inside a stream: {_error_of(body).get('message')}")
    return status_fault(error, status, {}, body)


def transport_fault(error: Exception) -> ProviderError:
    """Return the fault that an error below HTTP is; the SDKs of OpenAI and Anthropic wrap httpx2's."""
    origin = error if isinstance(error, httpx2.RequestError) else error.__cause__
    if isinstance(origin, httpx2.TimeoutException):
        return ProviderError(FaultClass.TIMEOUT, error)
    if isinstance(origin, httpx2.DecodingError):
        return ProviderError(FaultClass.MALFORMED, error)
    return ProviderError(FaultClass.UNAVAILABLE, error)


def malformed(error: Exception) -> ProviderError:
    """Return the fault that an answer is which cannot be read."""
    return ProviderError(FaultClass.MALFORMED, error)


def retry_after_s(headers: Mapping[str, str], body: object) -> float | None:
    """Return how long the provider asks us to wait, None where it says nothing usable.

    `retry-after-ms` is the most exact, then Retry-After as seconds or as an HTTP date (RFC 9110
    section 10.2.3), then Gemini's RetryInfo. Zero, a date gone by and nonsense are no advice.
    """
    delays_s = (
        _seconds(headers.get("retry-after-ms", ""), per_second=1000),
        _seconds(headers.get("retry-after", "")),
        _seconds_until(headers.get("retry-after", "")),
        *(_seconds(delay[:-1]) for delay in retry_delays(body)),
    )
    return next((delay_s for delay_s in delays_s if delay_s is not None and delay_s > 0), None)


def retry_delays(body: object) -> Iterator[str]:
    """Yield the retryDelay ("19s") of each google.rpc.RetryInfo in an error's body."""
    for detail in _details(_error_of(body)):
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and _RETRY_DELAY.fullmatch(delay):
            yield delay


def _seconds(text: str, per_second: int = 1) -> float | None:
    return float(text) / per_second if _SECONDS.fullmatch(text.strip()) else None


def _seconds_until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # the asctime form names no zone; HTTP dates are in UTC
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def _error_of(body: object) -> Mapping[str, object]:
    """Return the error object of a body: bare from OpenAI's SDK, in "error" from the others."""
    if isinstance(body, Sequence) and not isinstance(body, str) and body:
        body = body[0]  # Gemini wraps some errors in a list
    error = body.get("error", body) if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _details(error: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else [details]:
        if isinstance(detail, Mapping):
            yield detail


def _words(error: Mapping[str, object]) -> Iterator[str]:
    words = [error.get("type"), error.get("code")]
    for detail in _details(error):
        words += [detail.get("error_code"), detail.get("reason")]
    return (word for word in words if isinstance(word, str))
