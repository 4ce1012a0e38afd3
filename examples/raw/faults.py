"""From what a provider said to the class of the fault, and to the moment when it wants to be asked again.

https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors,
https://api-docs.deepseek.com/quick_start/error_codes, https://ai.google.dev/gemini-api/docs/troubleshooting
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from raw.errors import ProviderError
from raw.policy import FaultClass

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
# Codes, types and reasons that say more than the status.
_BY_WORD = {
    **dict.fromkeys(("insufficient_quota", "billing_error", "billing_not_active"), FaultClass.QUOTA),
    **dict.fromkeys(("billing_hard_limit_reached", "enforced_spend_limit_reached"), FaultClass.QUOTA),
    **dict.fromkeys(("content_policy_violation", "content_filter"), FaultClass.CONTENT_POLICY),
    "invalid_prompt": FaultClass.CONTENT_POLICY,
    "API_KEY_INVALID": FaultClass.INVALID_KEY,
}
# Types that say no more than the status does. Inside a stream that is 200, and they are all there is.
_BY_TYPE = {
    **dict.fromkeys(("authentication_error", "permission_error"), FaultClass.INVALID_KEY),
    **dict.fromkeys(("rate_limit_error", "rate_limit_exceeded", "requests", "tokens"), FaultClass.RATE_LIMIT),
    **dict.fromkeys(("overloaded_error", "service_unavailable_error"), FaultClass.UNAVAILABLE),
    "timeout_error": FaultClass.TIMEOUT,
    "invalid_request_error": FaultClass.BAD_REQUEST,
}
# Two accounts without credit that only the message tells: Anthropic's is a 400
# (https://github.com/anthropics/claude-code/issues/66314), Gemini's a 429 like that of its rate limit, but
# with no word on when to try again.
_NO_CREDIT = "credit balance is too low"
_NO_QUOTA = "You exceeded your current quota"

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def error_of(body: object) -> Mapping[str, Any] | None:
    """Return the error that a body holds, if any; Any: it is whatever JSON holds."""
    if isinstance(body, list) and body:
        body = body[0]  # Gemini wraps some errors in a list
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {"message": str(error)} if error else None


def status_fault(status: int, headers: Mapping[str, str], text: str) -> ProviderError:
    """Return the fault that a response is whose status is not a success."""
    try:
        error = error_of(json.loads(text)) or {}
    except (ValueError, RecursionError):
        error = {}
    return _fault(error, status, headers)


def stream_fault(error: Mapping[str, Any]) -> ProviderError:
    """Return the fault that an error inside a stream is; its code may be a status (Gemini, gateways)."""
    code = error.get("code")
    return _fault(error, code if isinstance(code, int) else None, {})


def _fault(error: Mapping[str, Any], status: int | None, headers: Mapping[str, str]) -> ProviderError:
    words, message = list(_words(error)), str(error.get("message"))
    if status is None:
        known = (_BY_TYPE[word] for word in words if word in _BY_TYPE)
        fault_class = next(known, FaultClass.SERVER_ERROR)
    elif status < 400:
        fault_class = FaultClass.MALFORMED  # a redirect: no API of these providers sends one
    else:
        by_default = FaultClass.BAD_REQUEST if status < 500 else FaultClass.SERVER_ERROR
        fault_class = _BY_STATUS.get(status, by_default)
    for word in words:
        fault_class = _BY_WORD.get(word, fault_class)
    out_of_quota = status == 429 and message.startswith(_NO_QUOTA) and not any(_delays(error))
    if out_of_quota or _NO_CREDIT in message:
        fault_class = FaultClass.QUOTA
    reason = "an error inside the stream" if status is None else f"status {status}"
    return ProviderError(fault_class, reason, retry_after_s=_retry_after_s(headers, error), detail=message)


def _details(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else [details]:
        if isinstance(detail, dict):
            yield detail


def _words(error: Mapping[str, Any]) -> Iterator[str]:
    words = [error.get("type"), error.get("code")]
    for detail in _details(error):
        words += [detail.get("error_code"), detail.get("reason")]
    return (word for word in words if isinstance(word, str))


def _delays(error: Mapping[str, Any]) -> Iterator[str]:
    return (str(detail["retryDelay"]) for detail in _details(error) if "retryDelay" in detail)


def _retry_after_s(headers: Mapping[str, str], error: Mapping[str, Any]) -> float | None:
    """Return how long to wait, None where nothing usable is said: zero, the past and nonsense are no advice.

    `retry-after-ms` is the most exact, then Retry-After as seconds or as a date (RFC 9110 section 10.2.3),
    then Gemini's google.rpc.RetryInfo ("19s").
    """
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    after = headers.get("retry-after", "")
    waits_s = (
        milliseconds and milliseconds / 1000,
        _seconds(after),
        _seconds_until(after),
        *(_seconds(delay.removesuffix("s")) for delay in _delays(error)),
    )
    return next((wait_s for wait_s in waits_s if wait_s is not None and wait_s > 0), None)


def _seconds(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text.strip()) else None


def _seconds_until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # the asctime form names no zone; HTTP dates are in UTC
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
