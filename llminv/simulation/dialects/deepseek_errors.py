"""DeepSeek's errors: https://api-docs.deepseek.com/quick_start/error_codes.

The page names statuses and causes. The bodies of 401, of 402 and of an unknown model (a 400, for example
https://github.com/langbot-app/LangBot/issues/1643) are known from public reports, the others are guessed in
their likeness.
"""

from __future__ import annotations

from types import MappingProxyType

from llminv.simulation.dialects.errors import ErrorRow, ErrorTable, Verbatim, gateway_page

_INVALID = "invalid_request_error"
_BALANCE = ErrorRow(402, "unknown_error", "Insufficient Balance", _INVALID)
_BUSY = ErrorRow(
    503,
    "service_unavailable_error",
    "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.",
    "service_unavailable_error",
    guessed=True,
)

ROWS: ErrorTable = MappingProxyType(
    {
        "bad_request": ErrorRow(
            400,
            _INVALID,
            "Failed to deserialize the JSON body into the target type: messages[0]: missing field `role`",
            _INVALID,
            guessed=True,
        ),
        "content_policy": ErrorRow(400, _INVALID, "Content Exists Risk", _INVALID),
        "invalid_key": ErrorRow(
            401, "authentication_error", "Authentication Fails, Your api key: ****-sim is invalid", _INVALID
        ),
        "unauthenticated": ErrorRow(
            401,
            "authentication_error",
            "Authentication Fails (auth header format should be Bearer sk-...)",
            _INVALID,
        ),
        "payment_required": _BALANCE,
        "quota": _BALANCE,
        "forbidden": ErrorRow(403, "permission_error", "Forbidden", "permission_denied", guessed=True),
        "not_found": ErrorRow(404, _INVALID, "Not Found", _INVALID, guessed=True),
        "model_not_found": ErrorRow(400, _INVALID, "Model Not Exist", _INVALID),
        "request_timeout": ErrorRow(
            408, "timeout_error", "Request timed out.", "request_timeout", guessed=True
        ),
        "too_large": ErrorRow(413, _INVALID, "Request body too large", _INVALID, guessed=True),
        "unprocessable": ErrorRow(422, _INVALID, "Invalid parameters", _INVALID, guessed=True),
        "rate_limit": ErrorRow(
            429, "rate_limit_error", "Rate limit reached", "rate_limit_reached", guessed=True
        ),
        "server_error": ErrorRow(
            500, "server_error", "Internal server error", "internal_error", guessed=True
        ),
        "bad_gateway": Verbatim(502, gateway_page("502 Bad Gateway", "openresty"), guessed=True),
        "unavailable": _BUSY,
        "service_unavailable": _BUSY,
        "gateway_timeout": Verbatim(504, gateway_page("504 Gateway Time-out", "openresty"), guessed=True),
        "overloaded": ErrorRow(529, "service_unavailable_error", "Overloaded", guessed=True),
    }
)
