"""What counts as the failure that a provider reported, and what says nothing of it."""

import pytest

from llminv.history import Attempt, ErrorInfo, Raised
from llminv.kinds.laws.recognising import is_recognisable

OPENAI_400 = (
    'HTTP/1.1 400 Bad Request\r\n\r\n{"error": {"message": "We could not parse the JSON body of your request.",'
    ' "type": "invalid_request_error", "param": null, "code": null}}'
)
BLOCKED = 'HTTP/1.1 200 OK\r\n\r\n{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}'


def attempt(fault, status, text):
    return Attempt(0, "openai", 0, 0.0, 0.0, None, fault, True, status, text)


def raised(name, message, *behind, module="builtins", attempts=()):
    return Raised(0.0, 0, ErrorInfo(name, message, module), behind, attempts)


REJECTED = attempt("http_400", 400, OPENAI_400)
REFUSED = attempt("content_refused", 200, BLOCKED)
SDK = ErrorInfo("BadRequestError", "Error code: 400", "openai")

RECOGNISED = {
    "the client's own error": (REJECTED, raised("BadRequestError", "", module="openai")),
    "one of the handler's own": (REJECTED, raised("Rejected", "no", module="my.errors")),
    "raised from the client's": (REJECTED, raised("RuntimeError", "no", SDK)),
    "the status": (REJECTED, raised("RuntimeError", "openai answered 400")),
    "its phrase": (REJECTED, raised("ValueError", "openai: bad request")),
    "the provider's type": (REJECTED, raised("ValueError", "invalid_request_error")),
    "the provider's message, cut short": (
        REJECTED,
        raised("ValueError", "We could not parse the JSON body of your…"),
    ),
    "in the list of attempts": (REJECTED, raised("RuntimeError", "no", attempts=("openai: 400",))),
    "the reason": (REFUSED, raised("RuntimeError", "prohibited_content")),
    "a word for it": (REFUSED, raised("PermissionError", "the prompt was blocked")),
}
NOT_RECOGNISED = {
    "a message about nothing": (REJECTED, raised("RuntimeError", "the model failed")),
    "a number in a number": (REJECTED, raised("RuntimeError", "after 4000 ms")),
    "no message": (REJECTED, raised("Exception", "")),
    "a field that is not there": (REJECTED, raised("KeyError", "'choices'")),
    "a candidate that is not there": (REFUSED, raised("IndexError", "list index out of range")),
    "an answer read as if it were one": (
        REFUSED,
        raised("TypeError", "'NoneType' object is not subscriptable"),
    ),
}


@pytest.mark.parametrize("case", RECOGNISED)
def test_the_failure_as_it_is(case):
    met, outcome = RECOGNISED[case]
    assert is_recognisable(outcome, met)


@pytest.mark.parametrize("case", NOT_RECOGNISED)
def test_another_error(case):
    met, outcome = NOT_RECOGNISED[case]
    assert not is_recognisable(outcome, met)
