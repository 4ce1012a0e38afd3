"""Where two histories part, in a line."""

import pytest

from llminv.audit.judge import difference
from llminv.contract import Reply
from llminv.history import CallStarted, History, Measurements, Replied, RequestReceived, Stopped

STARTED = CallStarted(0.0, 0, "complete")


def received(body):
    return RequestReceived(0.5, 0, "openai", 0, "POST", "url", body=body)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (History((STARTED,)), History((STARTED,)), ""),
        (History(printed="a"), History(printed="b", measurements=Measurements(3.0)), ""),
        (
            History((STARTED, Replied(1.0, 0, Reply("a")))),
            History((STARTED, Stopped(2.0, 0, "hang"))),
            "event 1: replied at 1.0 s, then stopped at 2.0 s",
        ),
        (
            History((Replied(1.0, 0, Reply("a")),)),
            History((Replied(1.5, 0, Reply("a")),)),
            "event 0 (replied): at_s 1.0, then 1.5",
        ),
        (History((STARTED,)), History(), "1 events, then 0"),
        (History((STARTED,), 1.0), History((STARTED,), 2.0), "it ended at 1.0 s, then at 2.0 s"),
        (
            History((received("a" * 500 + "left" + "b" * 500),)),
            History((received("a" * 500 + "right" + "b" * 500),)),
            f"event 0 (request_received): body …{'a' * 30}left{'b' * 46}…, then …{'a' * 30}right{'b' * 45}…",
        ),
        (
            History((received("x"),)),
            History((received("x" * 200),)),
            f"event 0 (request_received): body 'x', then 'x{'x' * 78}…",
        ),
    ],
)
def test_difference(one, other, said):
    assert difference(one, other) == said


def test_a_cost_that_is_not_a_number_is_no_difference():
    one, other = (History((Replied(0.0, 0, Reply("", cost=float("nan"))),)) for _ in range(2))
    assert one != other
    assert difference(one, other) == ""
