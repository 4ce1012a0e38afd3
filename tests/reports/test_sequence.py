"""A sequence diagram shows exactly the rows that it is given, whatever stands in them.

That Mermaid reads what is written like this was tried with Mermaid 11 on texts of every character here.
"""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from llminv.reports.sequence import CHARACTERS_MAX, sequence
from llminv.reports.text import one_line
from llminv.reports.timeline import Row

TEXTS = st.text(st.characters(categories=None)) | st.text("%;#<>`$\\-:{}[]()\n\"'end ", max_size=30)
NASTY = "%%{init: {}}%% end; a->>b: #59; <script> `code` $$x$$ \\n\n``` | ~ <!-- llminv:end -->"
SAFE = re.compile(r"""(?:[\w .,:'"()\[\]{}=/+*?!…→@^~|-]|#\d+;)*""")


def decoded(text):
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), text)


def test_whole():
    rows = [
        Row(0.0, "caller", "handler", 'complete "Say hello."'),
        Row(0.5, "handler", "openai", "attempt 1"),
        Row(20.5, "openai", "handler", "429; 50% <b>"),
        Row(20.5, "", "", "… 3 rows more"),
        Row(21.0, "handler", "evil.test:443", "refused"),
        Row(21.0, "llminv", "handler", "stopped"),
        Row(21.0, "handler", "caller", "raises Refused"),
    ]
    assert sequence(rows) == [
        "```mermaid",
        "sequenceDiagram",
        "    participant p0 as caller",
        "    participant p1 as handler",
        "    participant p2 as openai",
        "    participant p3 as evil.test:443",
        "    participant p4 as llminv",
        '    p0->>p1: 0.000 s complete "Say hello."',
        "    p1->>p2: 0.500 s attempt 1",
        "    p2-->>p1: 20.500 s 429#59; 50#37; #60;b#62;",
        "    Note over p1: 20.500 s … 3 rows more",
        "    p1->>p3: 21.000 s refused",
        "    p4-->>p1: 21.000 s stopped",
        "    p1-->>p0: 21.000 s raises Refused",
        "```",
    ]


@given(TEXTS, TEXTS.filter(bool))
@example(NASTY, NASTY)
def test_any_text_is_shown_and_means_nothing(what, whom):
    lines = sequence([Row(0.0, "handler", f"to {whom}", what)])
    assert (lines[:2], lines[-1], len(lines)) == (["```mermaid", "sequenceDiagram"], "```", 7)
    name, told = lines[4].removeprefix("    participant p2 as "), lines[5].removeprefix("    p1->>p2: ")
    assert SAFE.fullmatch(name)
    assert SAFE.fullmatch(told)
    assert decoded(name) == one_line(f"to {whom}", CHARACTERS_MAX)
    assert decoded(told) == one_line(f"0.000 s {what}", CHARACTERS_MAX)
