"""Anthropic's errors: https://docs.anthropic.com/en/api/errors.

An account without credit is refused with 400 (https://github.com/anthropics/claude-code/issues/66314) though
the page has 402 for billing; so is content (https://github.com/anthropics/claude-code/issues/58367).
"""

from __future__ import annotations

from types import MappingProxyType

from llminv.simulation.dialects.errors import ErrorRow, ErrorTable, Verbatim, gateway_page

REQUEST_ID = "req_011CSimSimSimSimSimSimSim"
_INVALID = "invalid_request_error"
_OVERLOADED = ErrorRow(529, "overloaded_error", "Overloaded")

ROWS: ErrorTable = MappingProxyType(
    {
        "bad_request": ErrorRow(400, _INVALID, "messages: at least one message is required"),
        "content_policy": ErrorRow(400, _INVALID, "Output blocked by content filtering policy"),
        "invalid_key": ErrorRow(401, "authentication_error", "invalid x-api-key"),
        "unauthenticated": ErrorRow(401, "authentication_error", "x-api-key header is required"),
        "payment_required": ErrorRow(
            402, "billing_error", "There is an issue with your billing or payment information."
        ),
        "quota": ErrorRow(
            400,
            _INVALID,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to"
            " upgrade or purchase credits.",
        ),
        "forbidden": ErrorRow(
            403, "permission_error", "Your API key does not have permission to use the specified resource."
        ),
        "not_found": ErrorRow(404, "not_found_error", "Not Found"),
        "model_not_found": ErrorRow(404, "not_found_error", "model: {model}"),
        "request_timeout": ErrorRow(408, "timeout_error", "Request timeout", guessed=True),
        "too_large": ErrorRow(413, "request_too_large", "Request exceeds the maximum size"),
        "unprocessable": ErrorRow(422, _INVALID, "Unprocessable entity", guessed=True),
        "rate_limit": ErrorRow(
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 50 requests per minute.",
        ),
        "server_error": ErrorRow(500, "api_error", "Internal server error"),
        "bad_gateway": Verbatim(502, gateway_page("502 Bad Gateway", "cloudflare")),
        "unavailable": _OVERLOADED,
        "service_unavailable": ErrorRow(503, "api_error", "Service unavailable", guessed=True),
        "gateway_timeout": ErrorRow(504, "timeout_error", "Request timeout"),
        "overloaded": _OVERLOADED,
    }
)
