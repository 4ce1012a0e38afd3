"""What the kinds of streams share: how texts and bytes are shown, and what became of a text."""

import pytest

from llminv.history import Attempt, RequestReceived
from llminv.kinds.laws.streams import BREAKING, Take, cut, difference, marked, readable, same_start
from llminv.scenario import Act, Said
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.plan import begun

REQUEST = RequestReceived(0.0, 0, "openai", 0, "POST", "url")


def take(act, text="é and more", fault=None):
    attempt = Attempt(0, "openai", 0, 0.0, 1.0, REQUEST, fault, reached=True, status=200, text=text)
    return Take(attempt, act, "é and more", whole=fault is None, due=fault is None)


def test_the_faults_that_break_a_stream_off():
    assert BREAKING == (
        "error_inside",
        "overloaded_inside",
        "rate_limit_inside",
        "truncated",
        "body_closed",
        "body_reset",
        "stall",
        "stall_with_pings",
    )


@pytest.mark.parametrize(
    ("sent", "got", "code"),
    [
        ("abc", "abc", None),
        ("abc", "ac", "text_lost"),
        ("abc", "", "text_lost"),
        ("abc", "abcc", "text_added"),
        ("", "a", "text_added"),
        ("abc", "axc", "text_changed"),
        ("ab", "ba", "text_changed"),
    ],
)
def test_what_became_of_a_text(sent, got, code):
    assert difference(sent, got) == code


def test_the_first_difference_is_marked():
    assert marked("ab\u2028c", "ab\u2028") == r"'ab\u2028|c' (4 characters)"
    assert marked("ab", "abc") == "'ab|' (2 characters)"
    assert marked("x" * 30 + "a" * 50, "x" * 30) == f"'…{'x' * 24}|{'a' * 40}…' (80 characters)"
    assert same_start("", "a") == 0


def test_whatever_cannot_be_seen_is_escaped():
    assert readable("é漢\x00\u200d\u0301\\\n ") == r"é漢\x00\u200d\u0301\\\n "


def test_where_the_bytes_were_cut():
    assert cut(take(Act()), "é") == ""
    assert cut(take(Act(cut_every=1)), "") == "; cut after every byte, é into c3|a9"
    assert cut(take(Act(cut_every=1)), "é and more") == "; cut after every byte"
    assert cut(take(Act(cut_every=7)), "") == "; cut after every 7 bytes"
    at_two_places = Act(cuts=(1, 90))
    shown = r"; cut at byte 1, '…\xc3|\xa9 and more…'"
    assert cut(take(at_two_places, "HTTP/1.1 200 OK\r\n\r\né and more"), "") == shown
    chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = "1\r\n\\xc3\r\na\r\n\\xa9 and more\r\n0\r\n\r\n"
    assert cut(take(at_two_places, chunked + pieces), "") == shown


def test_where_a_stream_broke_off():
    broken = take(Act("body_reset", 1), text="HTTP/1.1 200 OK\r\n\r\né\x00", fault="body_reset")
    assert cut(broken, "") == (
        r"; the response of openai ended after 22 bytes, with '…HTTP/1.1 200 OK\r\n\r\né\x00'"
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("after", "said"), [(None, ""), (0, ""), (1, "a"), (2, "ab")])
def test_what_a_broken_stream_said(dialect, after, said):
    assert begun(DIALECTS[dialect], Act("truncated", after, Said(deltas="characters")), "abcd") == said


def test_behind_the_last_content_all_is_said_but_by_who_ends_with_it():
    act = Act("truncated", 99, Said(sizes=(2, 1)))
    said = {name: begun(dialect, act, "abcd") for name, dialect in DIALECTS.items()}
    assert said == dict.fromkeys(DIALECTS, "abcd") | {"gemini": "abc"}
