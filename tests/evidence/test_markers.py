import pytest
from hypothesis import given
from hypothesis import strategies as st

from llminv.errors import UsageError
from llminv.evidence.markers import BEGIN, END, replace_between_markers

BLOCK = f"{BEGIN}\nnew\n{END}"
# A carriage return at the very end would join with the line end that is put after it.
OUTSIDE = st.text().filter(lambda text: "<!--" not in text and not text.endswith("\r"))


def test_what_stands_between_the_markers_is_replaced():
    old = f"# Title\n\n{BEGIN}\nold\n{END}\n\ntail  "
    assert replace_between_markers(old, "new\n") == f"# Title\n\n{BLOCK}\n\ntail  "


@pytest.mark.parametrize(
    ("old", "gap"), [("", ""), ("a", "\n\n"), ("a\n", "\n"), ("a\n\n", ""), ("a\r\n", "\r\n")]
)
def test_without_markers_the_block_is_appended_after_a_blank_line(old, gap):
    block = BLOCK.replace("\n", "\r\n") + "\r\n" if "\r" in old else BLOCK + "\n"
    assert replace_between_markers(old, "new") == old + gap + block


def test_line_ends_follow_the_file():
    old = f"a\r\n{BEGIN}\r\nold\r\n{END}\r\nb\r\n"
    assert replace_between_markers(old, "x\ny") == f"a\r\n{BEGIN}\r\nx\r\ny\r\n{END}\r\nb\r\n"


def test_a_marker_that_is_only_mentioned_is_text():
    old = f"Between `{BEGIN}` and `{END}` llminv writes.\n"
    assert replace_between_markers(old, "new") == f"{old}\n{BLOCK}\n"


@pytest.mark.parametrize(
    ("old", "found"),
    [
        (f"a\n{BEGIN}\n", f"found {BEGIN} in line 2"),
        (f"{END}\n", f"found {END} in line 1"),
        (f"{END}\n{BEGIN}\n", f"found {END} in line 1, {BEGIN} in line 2"),
        (
            f"{BEGIN}\n{BEGIN}\n{END}\n",
            f"found {BEGIN} in line 1, {BEGIN} in line 2, {END} in line 3",
        ),
        (f"{BLOCK}\n{BLOCK}\n", f"{BEGIN} in line 4, {END} in line 6"),
    ],
)
def test_a_broken_pair_is_the_users_to_mend(old, found):
    with pytest.raises(UsageError) as raised:
        replace_between_markers(old, "new", "INVARIANTS.md")
    assert raised.value.message.startswith("INVARIANTS.md: the markers are not one pair: found ")
    assert raised.value.message.endswith(found)
    assert "delete them all" in raised.value.hint


def test_generated_text_never_holds_a_marker_line():
    with pytest.raises(ValueError, match="marker"):
        replace_between_markers("", f"a\n{END}\nb")


@given(OUTSIDE, OUTSIDE, st.text(alphabet="ab\n|`"), st.text(alphabet="ab\n|`"))
def test_text_outside_is_kept_and_twice_is_once(before, after, old, new):
    head = before + "\n" if before else ""
    text = f"{head}{BEGIN}\n{old}\n{END}\n{after}"
    once = replace_between_markers(text, new)
    assert once.startswith(head + BEGIN)
    assert once.endswith(END + "\n" + after)
    assert replace_between_markers(once, new) == once


@given(OUTSIDE, st.text(alphabet="ab\n"))
def test_appending_twice_is_once(old, new):
    once = replace_between_markers(old, new)
    assert once.startswith(old)
    assert replace_between_markers(once, new) == once
