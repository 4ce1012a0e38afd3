"""Gemini's errors: https://ai.google.dev/gemini-api/docs/troubleshooting, in the shape of https://google.aip.dev/193.

A key that is not valid is a 400. Content refused in the prompt is no error: an answer without candidates
says why (https://ai.google.dev/api/generate-content#PromptFeedback).
"""

from __future__ import annotations

from types import MappingProxyType

from llminv.simulation.dialects.errors import ErrorRow, ErrorTable, Retry, Verbatim
from llminv.simulation.dialects.values import Json, as_text

_TYPE = "type.googleapis.com/google.rpc."
_BLOCKED = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
}
_PAGE = (
    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error 502 (Server Error)!!1</title>\n"
    "  <p><b>502.</b> <ins>That\N{RIGHT SINGLE QUOTATION MARK}s an error.</ins>\n"
    "  <p>The server encountered a temporary error and could not complete your request.<p>Please try again in"
    " 30 seconds.  <ins>That\N{RIGHT SINGLE QUOTATION MARK}s all we know.</ins>\n"
)
_OVERLOADED = ErrorRow(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")

ROWS: ErrorTable = MappingProxyType(
    {
        "bad_request": ErrorRow(
            400,
            "INVALID_ARGUMENT",
            "* GenerateContentRequest.contents: contents is not specified\n",
        ),
        "content_policy": Verbatim(200, as_text(_BLOCKED), "application/json; charset=UTF-8"),
        "invalid_key": ErrorRow(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            "API_KEY_INVALID",
        ),
        "unauthenticated": ErrorRow(
            401, "UNAUTHENTICATED", "Request had invalid authentication credentials."
        ),
        "payment_required": ErrorRow(
            402, "RESOURCE_EXHAUSTED", "Your prepaid credits are depleted.", guessed=True
        ),
        "quota": ErrorRow(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        "forbidden": ErrorRow(403, "PERMISSION_DENIED", "Permission denied."),
        "not_found": ErrorRow(404, "NOT_FOUND", "Requested entity was not found.", guessed=True),
        "model_not_found": ErrorRow(
            404,
            "NOT_FOUND",
            "models/{model} is not found for API version v1beta, or is not supported for generateContent.",
        ),
        "request_timeout": ErrorRow(408, "DEADLINE_EXCEEDED", "Request timeout", guessed=True),
        "too_large": ErrorRow(413, "INVALID_ARGUMENT", "Request payload is too large.", guessed=True),
        "unprocessable": ErrorRow(422, "INVALID_ARGUMENT", "Unprocessable entity.", guessed=True),
        "rate_limit": ErrorRow(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        "server_error": ErrorRow(500, "INTERNAL", "An internal error has occurred."),
        "bad_gateway": Verbatim(502, _PAGE, "text/html; charset=UTF-8"),
        "unavailable": _OVERLOADED,
        "service_unavailable": _OVERLOADED,
        "gateway_timeout": ErrorRow(
            504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."
        ),
        "overloaded": ErrorRow(529, "UNAVAILABLE", "Overloaded", guessed=True),
    }
)


def details_of(row: ErrorRow, retry: Retry) -> list[Json]:
    """Return the details of an error: why the request was refused, and when to try again."""
    details: list[Json] = []
    if row.code is not None:
        details.append(
            {
                "@type": f"{_TYPE}ErrorInfo",
                "reason": row.code,
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        )
    if retry.info is not None:
        links = [
            {
                "description": "Learn more about Gemini API quotas",
                "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
            }
        ]
        details.append({"@type": f"{_TYPE}Help", "links": links})
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": retry.info})
    return details
