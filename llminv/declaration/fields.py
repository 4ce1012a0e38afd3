"""The types of the fields of declarations: words, texts, numbers, shares and ranges.

YAML hands over every scalar as text, and each type here takes the one spelling that says to a reader
what it says to llminv: `010`, `1_000`, `1e3`, `yes` and `nan` are refused; only a price may have an exponent.
A value that already has its type (a promise read back from JSON) passes. A refusal is a whole message, with
the nearest valid word where there is one; it never shows a value that could be a secret.

Names that only a set of files knows (providers, dialects) come with the validation context, as
`{"provider": names, "dialect": names}`; without it they are not looked up.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from llminv.simulation.faults import CLASSES, FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic.json_schema import JsonSchemaValue

# The way to a value inside a declaration: field names and indexes.
Steps = tuple[str | int, ...]
T = TypeVar("T")

# The type of the pydantic errors whose text is a whole message already.
REFUSED = "refused"
_SHOWN_MAX = 60
_PART_MIN = 3


def shown(value: object) -> str:
    """Return how a message shows a value that it found."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN_MAX else value[:_SHOWN_MAX] + "...")
    if isinstance(value, list | dict):
        return ("a" if value else "an empty") + (" list" if isinstance(value, list) else " mapping")
    return "nothing" if value is None else str(value)


def near(word: object, allowed: Iterable[str]) -> str:
    """Return `; did you mean ...? (allowed: ...)`, without the question where no word is near.

    Near is a word that is spelled alike, or one that holds the whole of `word` (429 in http_429).
    """
    folded = {name.casefold(): name for name in allowed}
    meant = str(word).casefold()
    close = difflib.get_close_matches(meant, folded, n=1)
    close += [name for name in folded if len(meant) >= _PART_MIN and meant in name]
    question = f"; did you mean {folded[close[0]]!r}?" if close else ""
    names = (name if name.isprintable() else repr(name) for name in folded.values())
    return f"{question} (allowed: {', '.join(names)})"


def refusal(message: str) -> PydanticCustomError:
    """Return the error with which a validator refuses a value."""
    return PydanticCustomError(REFUSED, "{message}", {"message": message})


def _spelled(pattern: str, wanted: str, convert: Callable[[str], T], *types: type) -> BeforeValidator:
    """Read text that matches `pattern` with `convert`; pass what already is one of `types`."""

    def read(value: object) -> object:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return convert(value)
        if type(value) in types:
            return value
        raise refusal(f"expected {wanted}, found {shown(value)}")

    return BeforeValidator(read)


def _matching(pattern: str, message: str) -> AfterValidator:
    """Refuse text that does not match; `message` may show it as `{found}`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refusal(message.replace("{found}", shown(value)))
        return value

    return AfterValidator(check)


def _text(value: str) -> str:
    value = value.strip()
    if not value:
        raise refusal("the text is empty")
    for character in value:
        if unicodedata.category(character) == "Cc" and character != "\n":
            raise refusal(f"the text holds the control character U+{ord(character):04X}")
    return value


def _line(value: str) -> str:
    if len(value.splitlines()) > 1:
        raise refusal("the text has more than one line")
    return value


Text = Annotated[str, AfterValidator(_text)]
Line = Annotated[Text, AfterValidator(_line)]
Id = Annotated[
    str,
    _matching(
        "[a-z][a-z0-9]*(-[a-z0-9]+)*", "{found} is not an id: small letters, digits and single hyphens"
    ),
]
NewProviderName = Annotated[
    str, _matching("[a-z][a-z0-9_-]*", "{found} is not a name: small letters, digits, hyphens, underscores")
]
ErrorName = Annotated[
    str, _matching(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", "{found} is not the name of an exception class")
]
KeyVariable = Annotated[
    str,
    _matching(
        "[A-Z_][A-Z0-9_]*",
        "expected the name of an environment variable, such as OPENAI_API_KEY; the key stays out of files",
    ),
]
BaseUrl = Annotated[
    str,
    _matching(
        r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s?#]*)?",
        "expected a URL such as https://api.openai.com/v1, without user, query or fragment",
    ),
]

Integer = Annotated[int, _spelled("0|-?[1-9][0-9]{0,14}", "a whole number", int, int)]
Count = Annotated[Integer, Field(ge=0)]
Number = Annotated[
    float, _spelled(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?", "a plain decimal number", float, int, float)
]
# Lengths of time in seconds: a limit is more than nothing, a pause may be nothing.
Limit = Annotated[Number, Field(gt=0)]
Pause = Annotated[Number, Field(ge=0)]
Boolean = Annotated[bool, _spelled("true|false", "true or false", "true".__eq__, bool)]


def _share(text: str) -> float:
    number = Decimal(text.strip("±%"))
    share = number / 100 if text.endswith("%") else number
    if share > 1:
        raise refusal(f"expected a share of at most 100%, found {shown(text)}")
    return float(share)


# A share of the whole as a fraction: `25%`, `±5%` and `0.25` are 0.25, 0.05 and 0.25.
Percent = Annotated[
    float,
    _spelled(
        r"±?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?%|0(\.[0-9]{1,15})?|1(\.0{1,15})?",
        "a share such as 25%, ±5% or 0.25",
        _share,
        int,
        float,
    ),
    Field(ge=0, le=1),
]


_PLAIN = r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?"
# What writes YAML from floats has small prices in this notation, as 7.5e-05.
_EXPONENT = "(?:[eE][-+]?[0-9]{1,2})?"


def _price(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    text = value if isinstance(value, str) else ""
    wanted = f"expected a price such as 0.00015, found {shown(value)}"
    if re.fullmatch(r"[-+]?\.?(inf|infinity|nan)", text, re.IGNORECASE):
        raise refusal(f"{wanted}, which is not finite")
    if re.fullmatch(rf"-[0-9.]+{_EXPONENT}", text):
        raise refusal(f"{wanted}, which is negative")
    plain = f"{Decimal(text):f}" if re.fullmatch(_PLAIN + _EXPONENT, text) else ""
    if not re.fullmatch(_PLAIN, plain):
        raise refusal(wanted)
    return Decimal(plain)


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise refusal(f"expected a date such as 2026-01-31, found {shown(value)}")


# What a unit of tokens costs: from text to Decimal, never through a float.
Price = Annotated[Decimal, BeforeValidator(_price)]
Day = Annotated[date, BeforeValidator(_day)]


class Choice:
    """Stands beside a Literal: any other word is refused with the nearest of those allowed."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the word before the Literal (`source`, any type to pydantic) does."""
        allowed = get_args(source)

        def check(value: object) -> object:
            if value not in allowed:
                raise refusal(f"{shown(value)} is not a value of this field{near(value, allowed)}")
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))


def _declared(table: str, noun: str) -> AfterValidator:
    def check(word: str, info: ValidationInfo) -> str:
        names = (info.context or {}).get(table)
        if names is not None and word not in names:
            raise refusal(f"{shown(word)} is not {noun}{near(word, names)}")
        return word

    return AfterValidator(check)


def _fault_word(word: str) -> str:
    if word not in CLASSES and word not in FAULTS:
        raise refusal(f"{shown(word)} is not a fault or fault class{near(word, [*CLASSES, *FAULTS])}")
    return word


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    for index, word in enumerate(words):
        if word in words[:index]:
            raise refusal(f"{shown(word)} is listed twice")
    return words


DialectName = Annotated[str, _declared("dialect", "a dialect")]
ProviderName = Annotated[str, _declared("provider", "a declared provider")]
# Providers in the order in which they are tried; none is tried twice.
Chain = Annotated[tuple[ProviderName, ...], Field(min_length=1), AfterValidator(_distinct)]
# A fault or a fault class, which means all its faults.
FaultWord = Annotated[str, AfterValidator(_fault_word)]
FaultWords = Annotated[tuple[FaultWord, ...], AfterValidator(_distinct)]
# The faults that an invariant is about: at least one of them can be played.
Failures = Annotated[FaultWords, Field(min_length=1)]


@dataclass(frozen=True)
class Range:
    """Whole numbers from `min` to `max`, both included; written `0..3`, or `2` for just that one."""

    min: int
    max: int

    PATTERN = r"(0|[1-9][0-9]{0,5})(\.\.(0|[1-9][0-9]{0,5}))?"

    def __str__(self) -> str:
        return str(self.min) if self.min == self.max else f"{self.min}..{self.max}"

    @classmethod
    def from_text(cls, value: object) -> Range:
        """Read what `str` writes; pass a Range."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str) or not re.fullmatch(cls.PATTERN, value):
            raise refusal(f"expected a range such as 0..3, or one whole number, found {shown(value)}")
        first, _, last = value.partition("..")
        found = cls(int(first), int(last or first))
        if found.max < found.min:
            raise refusal(f"the range {value} runs backwards")
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read and write a range as its text (`source` is the class itself)."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            cls.from_text, serialization=core_schema.to_string_ser_schema(when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe a range as text."""
        del schema, handler
        return {"type": "string", "pattern": f"^{cls.PATTERN}$"}
