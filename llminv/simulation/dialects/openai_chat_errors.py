"""OpenAI's errors: https://platform.openai.com/docs/guides/error-codes.

The refusal of content is as reported in https://github.com/BeehiveInnovations/pal-mcp-server/issues/178.
The texts of 403 and 500 and all rows of statuses which that page does not list are guessed.
"""

from __future__ import annotations

from types import MappingProxyType

from llminv.simulation.dialects.errors import ErrorRow, ErrorTable, Verbatim, gateway_page

_INVALID = "invalid_request_error"
_OVERLOADED = ErrorRow(
    503, "service_unavailable_error", "The server is currently overloaded.", "server_is_overloaded"
)

ROWS: ErrorTable = MappingProxyType(
    {
        "bad_request": ErrorRow(400, _INVALID, "Unknown parameter: 'foo'.", "unknown_parameter", "foo"),
        "content_policy": ErrorRow(
            400,
            _INVALID,
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
            " Please try again with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting",
            "invalid_prompt",
        ),
        "invalid_key": ErrorRow(
            401,
            _INVALID,
            "Incorrect API key provided: sk-sim. You can find your API key at"
            " https://platform.openai.com/account/api-keys.",
            "invalid_api_key",
        ),
        "unauthenticated": ErrorRow(
            401,
            _INVALID,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using"
            " Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ),
        "payment_required": ErrorRow(402, _INVALID, "Payment required.", "billing_not_active", guessed=True),
        "quota": ErrorRow(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
        ),
        "forbidden": ErrorRow(
            403,
            "request_forbidden",
            "Country, region, or territory not supported",
            "unsupported_country_region_territory",
            guessed=True,
        ),
        "not_found": ErrorRow(404, _INVALID, "Invalid URL", guessed=True),
        "model_not_found": ErrorRow(
            404,
            _INVALID,
            "The model `{model}` does not exist or you do not have access to it.",
            "model_not_found",
        ),
        "request_timeout": ErrorRow(408, "server_error", "Request timed out.", guessed=True),
        "too_large": ErrorRow(413, _INVALID, "The request body is too large.", guessed=True),
        "unprocessable": ErrorRow(422, _INVALID, "Invalid value.", "invalid_value", guessed=True),
        "rate_limit": ErrorRow(
            429,
            "requests",
            "Rate limit reached for {model} on requests per min (RPM): Limit 500,"
            " Used 500, Requested 1. Please try again in 120ms."
            " Visit https://platform.openai.com/account/rate-limits to learn more.",
            "rate_limit_exceeded",
        ),
        "server_error": ErrorRow(
            500,
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
            guessed=True,
        ),
        "bad_gateway": Verbatim(502, gateway_page("502 Bad Gateway", "cloudflare")),
        "unavailable": _OVERLOADED,
        "service_unavailable": _OVERLOADED,
        "gateway_timeout": Verbatim(504, gateway_page("504 Gateway Time-out", "cloudflare"), guessed=True),
        "overloaded": ErrorRow(529, "service_unavailable_error", "Overloaded", guessed=True),
    }
)
