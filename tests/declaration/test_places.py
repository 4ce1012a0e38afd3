from pathlib import Path

import pytest

from llminv.declaration.places import Section, dotted, read
from llminv.errors import DeclarationError, Place, UsageError


@pytest.fixture
def document(tmp_path: Path):
    def run(text: str | bytes):
        file = tmp_path / "f.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(file, "f.yaml")

    return run


def test_every_value_and_key_has_its_place(document) -> None:
    found = document("a: 1\nb:\n  - x\n  - {c: 'null', d: }\n")
    assert found.data == {"a": "1", "b": ["x", {"c": "null", "d": None}]}
    assert found.values == {
        (): Place("f.yaml", 1, 1),
        ("a",): Place("f.yaml", 1, 4),
        ("b",): Place("f.yaml", 3, 3),
        ("b", 0): Place("f.yaml", 3, 5),
        ("b", 1): Place("f.yaml", 4, 5),
        ("b", 1, "c"): Place("f.yaml", 4, 9),
        ("b", 1, "d"): Place("f.yaml", 4, 19),
    }
    assert found.keys == {
        ("a",): Place("f.yaml", 1, 1),
        ("b",): Place("f.yaml", 2, 1),
        ("b", 1, "c"): Place("f.yaml", 4, 6),
        ("b", 1, "d"): Place("f.yaml", 4, 17),
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("010", "010"),
        ("16:30", "16:30"),
        ("1e-6", "1e-6"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        ("'~'", "~"),
        ('""', ""),
        ('"null"', "null"),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_scalars_are_text_and_only_plain_nulls_are_none(document, written: str, value: str | None) -> None:
    assert document(f"a: {written}\n").data == {"a": value}


def test_an_alias_gives_the_value_and_the_place_of_its_anchor(document) -> None:
    found = document("a: &x [1]\nb: *x\n")
    assert found.data == {"a": ["1"], "b": ["1"]}
    assert found.values["b", 0] == found.values["a", 0] == Place("f.yaml", 1, 8)


def test_a_byte_order_mark_and_foreign_line_ends_do_not_shift_places(document) -> None:
    found = document(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert found.values["a",] == Place("f.yaml", 1, 4)
    assert found.values["b",] == Place("f.yaml", 2, 4)


def test_escaped_foreign_line_breaks_are_text(document) -> None:
    assert document('a: "\\u2028"\n').data == {"a": "\u2028"}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1:1: the file declares nothing"),
        ("# only a comment\n", "f.yaml:1:1: the file declares nothing"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; a file holds one"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: 'a' is given twice, first at line 1, column 1"),
        (
            "a: {x: 1, x: 2, 'x': 3}\n",
            (
                "f.yaml:1:11: 'x' is given twice, first at line 1, column 5\n"
                "f.yaml:1:17: 'x' is given twice, first at line 1, column 5"
            ),
        ),
        (
            "a: &a {x: 1}\nb: {<<: *a}\n",
            "f.yaml:2:5: merge keys (<<) are not supported; write the fields out",
        ),
        ("? [1]\n: 2\n", "f.yaml:1:3: a key is a word, not a list or a mapping"),
        (
            "a: !!python/name:os.system x\n",
            "f.yaml:1:4: the tag 'tag:yaml.org,2002:python/name:os.system' is not allowed; leave it out",
        ),
        ("a: !mine [1]\n", "f.yaml:1:4: the tag '!mine' is not allowed; leave it out"),
        ("a: !!int 1\n", "f.yaml:1:4: the tag 'tag:yaml.org,2002:int' is not allowed; leave it out"),
        ("a: &a [*a]\n", "f.yaml:1:4: an alias points into its own value"),
        (BOMB, "f.yaml:1:35: more than 100000 values; do aliases multiply?"),
        ("[" * 30_000, "f.yaml:1:51: nested more than 50 deep"),
        ("- " * 30_000 + "x", "f.yaml:1:101: nested more than 50 deep"),
        (
            "a: 1\nb: one\u2028two\n",
            (
                "f.yaml:2:7: U+2028 is a line break to YAML and to no editor; "
                'write it as "\\u2028" in double quotes'
            ),
        ),
        (
            "a: x\x85",
            'f.yaml:1:5: U+0085 is a line break to YAML and to no editor; write it as "\\u0085" in double quotes',
        ),
        (b"a: 1\nb: \xff\n", "f.yaml:2:4: not UTF-8 text; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "f.yaml:1:1: not UTF-8 text; save the file as UTF-8"),
        (b"a: \xc3\xa9\xff", "f.yaml:1:5: not UTF-8 text; save the file as UTF-8"),
        ("a: 1\r\nb: \x07\n", "f.yaml:2:4: the character U+0007 is not allowed in YAML"),
        ('a: "\\ud800"\n', "f.yaml:1:4: an escape here is half of a surrogate pair"),
        ('a: "\\UFFFFFFFF"\n', "f.yaml:1:7: this is not YAML: a number here is too large"),
        (
            "a: [1, 2\nb: 3\n",
            (
                "f.yaml:2:2: this is not YAML: expected ',' or ']', but got ':' "
                "(while parsing a flow sequence at line 1, column 4)"
            ),
        ),
        ("a: b: c\n", "f.yaml:1:5: this is not YAML: mapping values are not allowed here"),
        (
            "a:\n\t- b\n",
            "f.yaml:2:1: this is not YAML: found character '\\t' that cannot start any token",
        ),
        ("a: *x\n", "f.yaml:1:4: this is not YAML: found undefined alias 'x'"),
    ],
)
def test_what_is_refused(document, text: str | bytes, message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        document(text)
    assert str(caught.value) == message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "none.yaml", "none.yaml")
    assert str(caught.value) == "none.yaml: cannot be read: No such file or directory"


def test_a_section_knows_the_nearest_place_of_any_path(document) -> None:
    section = Section(document("top:\n  a: [x, {b: y}]\n"), ("top",), "top")
    assert section.data == {"a": ["x", {"b": "y"}]}
    assert section.place("a", 1, "b") == Place("f.yaml", 2, 14)
    assert section.place("a", 1, "union-tag", "b", "missing") == Place("f.yaml", 2, 14)
    assert section.key_place("a", 1, "b") == Place("f.yaml", 2, 11)
    assert section.key_place("a", 0) == section.place("a", 0)
    assert section.name("a", 1, "missing", "b") == "top.a[1].b"
    assert section.name() == "top"


def test_a_path_as_text() -> None:
    assert dotted(()) == ""
    assert dotted(("a", 1, "b", "c d\n")) == "a[1].b.'c d\\n'"
