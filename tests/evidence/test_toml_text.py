import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llminv.evidence.toml_text import dumps, line_of, loads

# Any text there is: lone surrogates and control characters too.
TEXTS = st.text(st.characters(categories=None) | st.sampled_from("\ud800\udfff\x00\x7f\r\n\t\"'\\\u2028[]=#"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.just("python"), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS.filter(lambda key: key.isprintable()), VALUES, max_size=4))
@example({"a": {"python": "1"}})
@example({"a": [None, {"b": None}, {"python": {"python": "x"}}]})
@example({"a": 2**63, "b": -(2**63), "c": 1e16, "d": -0.0})
@example({"a": "\ud83d\ude00", "b": "\U0001f600"})
def test_everything_survives(value):
    text = dumps(value)
    assert text.encode().decode() == text
    assert loads(text) == value
    # 1, 1.0 and True are equal: only their spelling tells them apart.
    assert json.dumps(loads(text), sort_keys=True) == json.dumps(value, sort_keys=True)


def test_what_toml_cannot_hold():
    value = {"text": "a\ud800", "nothing": None, "list": [None], "wide": 2**64, "plain": {"python": "1"}}
    assert (
        dumps(value)
        == r"""list = [
    { python = "None" },
]

[text]
python = "'a\\ud800'"

[nothing]
python = "None"

[wide]
python = "18446744073709551616"

[plain]
python = "{'python': '1'}"
"""
    )


@pytest.mark.parametrize("literal", ["open('x')", "1 +", "{" * 500, "\\x00"])
def test_a_broken_escape_is_a_value_error(literal):
    with pytest.raises(ValueError, match="literal"):
        loads(f"[a]\npython = {json.dumps(literal)}")


TEXT = '''\
format = 1
root_cause = """
seed = 2
"""
seed = 3

[scenario]
calls = [
    { operation = "acomplete" },
]

[[scenario.acts]]
call = 0

[[scenario.acts]]
call = 1

[scenario.acts.then]
fault = "http_429"

[[scenario.acts.attempts]]
"quoted key" = 1

[[scenario.acts.attempts]]
x = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("format", 1),
        ("root_cause", 2),
        ("seed", 5),
        ("scenario", 7),
        ("scenario.calls", 8),
        ("scenario.calls[0].operation", 8),
        ("scenario.acts[0].call", 13),
        ("scenario.acts[1]", 15),
        ("scenario.acts[1].call", 16),
        ("scenario.acts[1].then.fault", 19),
        ("scenario.acts[1].attempts[0].quoted key", 22),
        ("scenario.acts[1].attempts[1].x", 25),
        ("scenario.acts[1].provider", 15),
        ("history.events[0]", None),
        ("", None),
    ],
)
def test_line_of(path, line):
    assert line_of(TEXT, path) == line
