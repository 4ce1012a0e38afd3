"""Every error of every dialect: the table is whole, and the SDKs raise what they raise for the real one."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest
from google.genai import errors as gemini
from sdk_clients import HEAR, Wire

from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.errors import ERRORS, ErrorRow, Retry, Verbatim
from llminv.simulation.dialects.interface import Answer
from llminv.simulation.dialects.stream import Event, Part, Stream
from llminv.simulation.faults import FAULTS

STATUSES = {400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 529}
EVERY = [(name, error) for name in DIALECTS for error in ERRORS]
BLOCKED = ("gemini", "content_policy")  # no error: see test_gemini_refuses_content_with_an_answer

# Status -> class, as the SDKs map them; any other 4xx is the base class, any other 5xx a server error.
BY_STATUS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
ANTHROPICS_OWN = {
    402: "PaymentRequiredError",
    408: "RequestTimeoutError",
    413: "ContentTooLargeError",
    503: "ServiceUnavailableError",
    504: "GatewayTimeoutError",
    529: "OverloadedError",
}


def raised(name: str, sent: Any, *, stream: bool = False) -> tuple[str, int | None]:
    """Return the class and the status of what the SDK raises."""
    with pytest.raises((openai.APIError, anthropic.APIError, gemini.APIError)) as caught:
        HEAR[name](Wire(sent), stream=stream)
    error = caught.value
    status = error.code if isinstance(error, gemini.APIError) else getattr(error, "status_code", None)
    return type(error).__name__, status


def class_of(name: str, status: int) -> str:
    if name == "gemini":
        return "ServerError" if status >= 500 else "ClientError"
    known = BY_STATUS | (ANTHROPICS_OWN if name == "anthropic-messages" else {})
    return known.get(status, "InternalServerError" if status >= 500 else "APIStatusError")


@pytest.mark.parametrize("name", DIALECTS)
def test_the_table_is_whole(name: str) -> None:
    errors = DIALECTS[name].errors
    assert list(errors) == list(ERRORS)
    assert {row.status for row in errors.values()} >= STATUSES
    assert {fault.error for fault in FAULTS.values()} - {None} <= set(ERRORS)


@pytest.mark.parametrize(("name", "error"), [pair for pair in EVERY if pair != BLOCKED])
@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_raises_what_the_status_means(name: str, error: str, stream: bool) -> None:
    response = DIALECTS[name].error(error, "m-1")
    assert raised(name, response, stream=stream) == (class_of(name, response.status), response.status)


def test_gemini_refuses_content_with_an_answer_that_has_no_candidates() -> None:
    dialect = DIALECTS["gemini"]
    response = dialect.error("content_policy", "m-1")
    assert response.status == 200
    assert json.loads(response.body)["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert dialect.error_event("content_policy").data.encode() == response.body


def test_a_rejected_key_in_the_words_of_each() -> None:
    said = {name: dialect.error("invalid_key", "m") for name, dialect in DIALECTS.items()}
    assert {name: (response.status, json.loads(response.body)) for name, response in said.items()} == {
        "openai-chat": (
            401,
            {
                "error": {
                    "message": "Incorrect API key provided: sk-sim. You can find your API key at"
                    " https://platform.openai.com/account/api-keys.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "invalid_api_key",
                }
            },
        ),
        "anthropic-messages": (
            401,
            {
                "type": "error",
                "error": {"type": "authentication_error", "message": "invalid x-api-key"},
                "request_id": "req_011CSimSimSimSimSimSimSim",
            },
        ),
        "deepseek": (
            401,
            {
                "error": {
                    "message": "Authentication Fails, Your api key: ****-sim is invalid",
                    "type": "authentication_error",
                    "param": None,
                    "code": "invalid_request_error",
                }
            },
        ),
        "gemini": (
            400,
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                    "details": [
                        {
                            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                            "reason": "API_KEY_INVALID",
                            "domain": "googleapis.com",
                            "metadata": {"service": "generativelanguage.googleapis.com"},
                        }
                    ],
                }
            },
        ),
    }


@pytest.mark.parametrize("name", DIALECTS)
def test_a_gateway_answers_with_a_page(name: str) -> None:
    response = DIALECTS[name].error("bad_gateway", "m")
    assert response.status == 502
    assert dict(response.headers)["content-type"].startswith("text/html")
    assert b"502" in response.body
    with pytest.raises(KeyError):
        DIALECTS[name].error_event("bad_gateway")


def test_the_statuses_of_overload() -> None:
    said = {
        name: [dialect.error(error).status for error in ("unavailable", "service_unavailable", "overloaded")]
        for name, dialect in DIALECTS.items()
    }
    assert said == {
        "openai-chat": [503, 503, 529],
        "anthropic-messages": [529, 503, 529],
        "deepseek": [503, 503, 529],
        "gemini": [503, 503, 529],
    }


def test_the_model_stands_in_the_message() -> None:
    for name, dialect in DIALECTS.items():
        body = json.loads(dialect.error("model_not_found", 'the "model" {x}').body)
        assert ('the "model" {x}' in body["error"]["message"]) is (name != "deepseek")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("error", ["rate_limit", "bad_gateway"])
def test_advice_on_retrying_goes_out_as_it_is(name: str, error: str) -> None:
    dialect = DIALECTS[name]
    plain = dict(dialect.error(error, "m").headers)
    assert not {"retry-after", "retry-after-ms", "x-should-retry"} & set(plain)
    for after in ("2", "0", "-1", "nan", "soon", "999999999", "Mon, 21 Sep 2026 14:13:40 GMT"):
        advised = dict(dialect.error(error, "m", Retry(after=after)).headers)
        assert advised == plain | {"retry-after": after}
    more = dict(dialect.error(error, "m", Retry(after_ms="1500", should="false")).headers)
    assert more == plain | {"retry-after-ms": "1500", "x-should-retry": "false"}


def test_only_gemini_sends_retry_info() -> None:
    for name, dialect in DIALECTS.items():
        plain, advised = (dialect.error("rate_limit", "m", advice) for advice in (Retry(), Retry(info="19s")))
        if name != "gemini":
            assert plain == advised
            continue
        assert "details" not in json.loads(plain.body)["error"]
        details = json.loads(advised.body)["error"]["details"]
        assert details[-1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "19s"}


def broken(name: str, error: str, contents: int) -> Stream:
    """Return a stream that says `contents` pieces, then the error."""
    stream = DIALECTS[name].stream(Answer("Hello from the sim.", "m"))
    said = [number for number, event in enumerate(stream.events) if Part.CONTENT in event.carries]
    event = DIALECTS[name].error_event(error, "m")
    return Stream(stream.head, (*stream.events[: said[contents]], event), stream.newline)


@pytest.mark.parametrize("contents", [0, 2])
def test_an_error_inside_a_stream_is_raised(contents: int) -> None:
    """As the SDKs raise it: with no status (OpenAI), with that of the stream (Anthropic), with its own."""
    said = {name: raised(name, broken(name, "unavailable", contents), stream=True) for name in DIALECTS}
    assert said == {
        "openai-chat": ("APIError", None),
        "anthropic-messages": ("APIStatusError", 200),
        "deepseek": ("APIError", None),
        "gemini": ("ServerError", 503),
    }


@pytest.mark.parametrize(("name", "error"), EVERY)
def test_every_error_but_a_page_has_a_form_inside_a_stream(name: str, error: str) -> None:
    row = DIALECTS[name].errors[error]
    if isinstance(row, Verbatim):
        return
    body = json.loads(DIALECTS[name].error_event(error, "m-1").data)
    assert body["error"]["message"] == row.about("m-1").message


def test_the_form_of_an_error_inside_a_stream() -> None:
    assert DIALECTS["anthropic-messages"].error_event("unavailable") == Event(
        '{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},'
        '"request_id":"req_011CSimSimSimSimSimSimSim"}',
        "error",
    )
    assert broken("gemini", "unavailable", 0).encode() == (
        b'{\n  "error": {\n    "code": 503,\n'
        b'    "message": "The model is overloaded. Please try again later.",\n'
        b'    "status": "UNAVAILABLE"\n  }\n}\n'
    )


def test_what_no_document_shows_is_labelled() -> None:
    guessed = {
        name: {error for error, row in dialect.errors.items() if row.guessed}
        for name, dialect in DIALECTS.items()
    }
    for name in DIALECTS:
        assert "request_timeout" in guessed[name]
    assert guessed["deepseek"] >= {
        "bad_request",
        "unprocessable",
        "rate_limit",
        "server_error",
        "unavailable",
    }
    assert "service_unavailable" in guessed["anthropic-messages"]
    assert guessed["openai-chat"] >= {"forbidden", "server_error"}


def test_a_row_is_about_one_model() -> None:
    assert ErrorRow(404, "t", "no {model} here").about("m").message == "no m here"
