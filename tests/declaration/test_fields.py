from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from llminv.declaration.fields import (
    BaseUrl,
    Boolean,
    Chain,
    Choice,
    Count,
    ErrorName,
    Failures,
    FaultWord,
    FaultWords,
    Id,
    Integer,
    KeyVariable,
    Limit,
    Line,
    Number,
    Percent,
    Range,
    Text,
)
from llminv.simulation.faults import CLASSES, FAULTS, faults_of

WORDS = ", ".join([*CLASSES, *FAULTS])


def read(kind: Any, value: object) -> object:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (Integer, "0", 0),
        (Integer, "-12", -12),
        (Integer, 7, 7),
        (Number, "0.25", 0.25),
        (Number, "20", 20.0),
        (Number, 3, 3.0),
        (Boolean, "true", True),
        (Boolean, "false", False),
        (Boolean, True, True),
        (Percent, "25%", 0.25),
        (Percent, "±5%", 0.05),
        (Percent, "0.25", 0.25),
        (Percent, "12.5%", 0.125),
        (Percent, "100%", 1.0),
        (Percent, 0.5, 0.5),
        (Range, "0..3", Range(0, 3)),
        (Range, "2", Range(2, 2)),
        (Range, Range(1, 2), Range(1, 2)),
        (Text, " a\nb \n", "a\nb"),
        (Line, "a\n", "a"),
        (Id, "a-1b-c", "a-1b-c"),
        (ErrorName, "router.errors.NoProvider", "router.errors.NoProvider"),
        (BaseUrl, "http://localhost:8080", "http://localhost:8080"),
        (Failures, ["timeout", "http_429"], ("timeout", "http_429")),
        (FaultWords, [], ()),
        (Annotated[Literal["first", "any"], Choice()], "any", "any"),
    ],
)
def test_what_is_read(kind: Any, written: object, value: object) -> None:
    found = read(kind, written)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "written", "message"),
    [
        *[
            (Integer, text, f"expected a whole number, found {text!r}")
            for text in ["010", "1_000", "3.0", " 3", "+3", "-0", "1e3", "", "٣", "9" * 16, "3\n"]
        ],
        (Integer, True, "expected a whole number, found True"),
        (Integer, 3.0, "expected a whole number, found 3.0"),
        *[
            (Number, text, f"expected a plain decimal number, found {text!r}")
            for text in ["nan", "inf", "1e-6", ".5", "5.", "1_0.0", "01.5", "0x10", "16:30"]
        ],
        *[
            (Boolean, text, f"expected true or false, found {text!r}")
            for text in ["yes", "no", "on", "True", "1", "t"]
        ],
        (Boolean, 1, "expected true or false, found 1"),
        *[
            (Percent, text, f"expected a share such as 25%, ±5% or 0.25, found {text!r}")
            for text in ["25 %", "-5%", "5", "±0.25", "%", "05%", "1.5"]
        ],
        (Percent, "150%", "expected a share of at most 100%, found '150%'"),
        *[
            (Range, text, f"expected a range such as 0..3, or one whole number, found {text!r}")
            for text in ["", "0-3", "0...3", "..3", "-1..2", "a..b", "0..01", "0..1000000"]
        ],
        (Range, ["0", "3"], "expected a range such as 0..3, or one whole number, found a list"),
        (Range, "3..1", "the range 3..1 runs backwards"),
        (Text, " \n", "the text is empty"),
        (Text, "a\x1b[31m", "the text holds the control character U+001B"),
        (Line, "a\nb", "the text has more than one line"),
        (Line, "a\u2028b", "the text has more than one line"),
        *[
            (Id, text, f"{text!r} is not an id: small letters, digits and single hyphens")
            for text in ["", "A", "a_b", "a--b", "-a", "a-", "1a", "a/b", "a\n"]
        ],
        (ErrorName, "No Provider", "'No Provider' is not the name of an exception class"),
        (
            KeyVariable,
            "sk-proj-1234",
            "expected the name of an environment variable, such as OPENAI_API_KEY; the key stays out of files",
        ),
        *[
            (
                BaseUrl,
                text,
                "expected a URL such as https://api.openai.com/v1, without user, query or fragment",
            )
            for text in [
                "api.openai.com",
                "ftp://a",
                "https://me:secret@a",
                "https://a?b",
                "https://",
                "https://a b",
            ]
        ],
        (
            FaultWord,
            "rate_limits",
            f"'rate_limits' is not a fault or fault class; did you mean 'rate_limit'? (allowed: {WORDS})",
        ),
        (
            FaultWord,
            "429",
            f"'429' is not a fault or fault class; did you mean 'http_429'? (allowed: {WORDS})",
        ),
        (
            FaultWord,
            "Timeout",
            f"'Timeout' is not a fault or fault class; did you mean 'timeout'? (allowed: {WORDS})",
        ),
        (FaultWord, "zzz", f"'zzz' is not a fault or fault class (allowed: {WORDS})"),
        (FaultWord, "x" * 90, f"'{'x' * 60}...' is not a fault or fault class (allowed: {WORDS})"),
        (FaultWords, ["timeout", "http_429", "timeout"], "'timeout' is listed twice"),
        (Chain, ["a", "b", "a"], "'a' is listed twice"),
        (
            Annotated[Literal["first", "any"], Choice()],
            "frist",
            "'frist' is not a value of this field; did you mean 'first'? (allowed: first, any)",
        ),
    ],
)
def test_what_is_refused(kind: Any, written: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(kind, written)
    assert [error["msg"] for error in caught.value.errors()] == [message]


def test_every_class_has_a_fault() -> None:
    assert [word for word in CLASSES if not faults_of(word)] == []


def test_limits_and_counts_have_bounds() -> None:
    for kind, value in [(Limit, "0"), (Count, "-1"), (Percent, 1.5), (Failures, [])]:
        with pytest.raises(ValidationError):
            read(kind, value)


def test_a_range_is_its_text_in_json_and_in_a_schema() -> None:
    class Model(BaseModel):
        field: Range

    model = Model(field=Range(0, 3))
    assert model.model_dump(mode="json") == {"field": "0..3"}
    assert Model.model_validate_json(model.model_dump_json()) == model
    assert Model.model_json_schema()["properties"]["field"] == {
        "title": "Field",
        "type": "string",
        "pattern": r"^(0|[1-9][0-9]{0,5})(\.\.(0|[1-9][0-9]{0,5}))?$",
    }
