"""What users wrote is shown as they wrote it: judged by a Markdown parser, not by a list of characters."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from llminv.reports.markdown import code, escape
from llminv.reports.text import counted, folded, one_line

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.text(st.characters(categories=None)) | st.text(
    "ab_*`|~<>[]()!&;#\\\n\t\x00\ud800$-1. {}\"'", max_size=30
)
NASTY = "a|b `c` ``d`` <b>x</b> **e** _f_ snake_case ~~g~~ [h](i) ![j](k) &lt; &#60; \\* $1$ <http://x> <!-- m -->"


def inline(line):
    """The children of the one inline token that `line` has."""
    (token,) = [token for token in PARSER.parse(line) if token.type == "inline"]
    return token.children


def shown(tokens):
    """The text that plain tokens show; anything else (a link, code, HTML) fails."""
    assert {token.type for token in tokens} <= {"text", "text_special"}
    return "".join(token.content for token in tokens)


@given(TEXTS)
@example(NASTY)
@example("# a #")
def test_prose_is_nothing_but_text(text):
    # The first five tokens are the bold word in front.
    assert shown(inline(f"- **X**: .{escape(text)}.")[4:]).removeprefix(": ") == f".{folded(text)}."
    if folded(text):
        assert shown(inline(f"### {escape(text)}")) == folded(text)


@given(TEXTS.filter(folded))
@example("`")
@example("a``b`c")
@example("``")
def test_code_is_one_code_span(text):
    token = inline(f"- **X**: {code(text)}")[5]
    assert (token.type, token.content) == ("code_inline", folded(text))


def test_what_is_written_stays_readable():
    assert escape(NASTY) == (
        r"a\|b \`c\` \`\`d\`\` &lt;b>x&lt;/b> \*\*e\*\* \_f\_ snake_case \~\~g\~\~ \[h\](i) !\[j\](k) "
        r"&amp;lt; &amp;#60; \\\* \$1\$ &lt;http://x> &lt;!-- m -->"
    )
    assert escape("max_examples & co: 100%\n  (next line)") == "max_examples & co: 100% (next line)"
    assert code("a `b`\nc") == "``a `b` c``"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢 😀", "plain ü 漢 😀"),
        ("a\nb\t\r\x1b[0m\x7f\u202e\ud800\U000e0001", "a\\nb\\t\\r\\x1b[0m\\x7f\\u202e\\ud800\\U000e0001"),
    ],
)
def test_what_does_not_print_is_escaped(text, shown):
    assert one_line(text) == shown


def test_cuts_are_told():
    assert one_line("abc" + "x" * 41, 3) == "abc… (41 more)"
    assert one_line("abc" + "x" * 40, 3) == "abc" + "x" * 40
    assert (counted(1, "row"), counted(0, "row")) == ("1 row", "0 rows")
