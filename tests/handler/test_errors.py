"""An exception as its caller saw it: chain, attempts, frames."""

import json

import pytest

from llminv.handler.errors import CHAIN_MAX, attempts_of, chain_of, error_info

SAME = str


def caught(action):
    try:
        action()
    except BaseException as error:
        return error


def chained():
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904 - the context is the point
    except ValueError as error:
        raise RuntimeError("third") from error


def messages(error):
    return [(info.type, info.message) for info in chain_of(error, SAME)]


def test_causes_and_contexts_nearest_first():
    assert messages(caught(chained)) == [("ValueError", "second"), ("KeyError", "'first'")]


def test_a_suppressed_context_is_not_shown():
    def action():
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second") from None

    assert messages(caught(action)) == []


def test_members_of_a_group_and_what_is_behind_them():
    inner = caught(chained)
    group = ExceptionGroup("all failed", [TypeError("a"), inner])
    assert messages(group) == [
        ("TypeError", "a"),
        ("RuntimeError", "third"),
        ("ValueError", "second"),
        ("KeyError", "'first'"),
    ]


def test_a_ring_ends_and_a_long_chain_is_cut():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert messages(one) == [("ValueError", "two")]
    last = ValueError("0")
    for number in range(50):
        following = ValueError(str(number + 1))
        following.__cause__ = last
        last = following
    assert len(messages(last)) == CHAIN_MAX


class WithAttempts(Exception):
    def __init__(self, attempts):
        super().__init__("no")
        self.attempts = attempts


class Attempt:
    provider = "openai"

    def __repr__(self):
        return "Attempt(429)"


@pytest.mark.parametrize(
    ("attempts", "told"),
    [
        (["openai", "anthropic"], ("'openai'", "'anthropic'")),
        ({"openai": 429}, ("('openai', 429)",)),
        ([Attempt()], ("openai: Attempt(429)",)),
        ("openai, anthropic", ("openai, anthropic",)),
        (3, ("3",)),
        (None, ()),
        (object(), ()),
    ],
)
def test_attempts(attempts, told):
    assert attempts_of(WithAttempts(attempts), SAME) == told


def test_frames_are_the_users_own_and_the_last_of_libraries():
    error = caught(lambda: json.loads("{"))
    frames = error_info(error, SAME).frames
    assert [frame.split(":")[0] for frame in frames[-2:]] == ["json/decoder.py", "json/decoder.py"]
    assert sum("json/" in frame for frame in frames) == 2
    assert frames[0].endswith("in caught")


def test_an_error_that_cannot_be_told():
    class Broken(ValueError):
        def __str__(self):
            raise TypeError

    info = error_info(Broken(), SAME)
    assert (info.type, info.message, info.bases) == (
        "Broken",
        "<its own __str__ raised TypeError>",
        ("ValueError",),
    )
