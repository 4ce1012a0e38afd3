"""JSON as a dialect meets it: written compactly, read without trust.

The readers turn whatever JSON holds into what the caller expects and into nothing where it does not fit,
so that parsing a request never raises. Nothing here knows a provider.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from llminv.simulation.http import HttpRequest

# Whatever JSON holds: bodies come from and go to programs that llminv does not know.
Json: TypeAlias = Any


def as_text(value: Json) -> str:
    """Return compact JSON text with non-ASCII characters left as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def as_json(value: Json) -> bytes:
    r"""Return compact JSON bytes; a lone surrogate, which UTF-8 cannot hold, becomes its \u escape."""
    return encoded(as_text(value))


def encoded(text: str) -> bytes:
    r"""Return JSON text as bytes; a lone surrogate, which UTF-8 cannot hold, becomes its \u escape."""
    return text.encode("utf-8", "backslashreplace")


def mapping(value: Json) -> Mapping[str, Json]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[Mapping[str, Json]]:
    """Return the objects of an array; what is no array holds none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: Json) -> str:
    """Return `value` if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def strings(value: Json) -> list[str]:
    """Return the strings of an array; a single string stands for an array of itself."""
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


def renamed(value: Mapping[str, Json], names: Mapping[str, str]) -> dict[str, Json]:
    """Return `value` without what is null and with the keys that `names` knows renamed."""
    return {names.get(key, key): item for key, item in value.items() if item is not None}


def object_of(arguments: str) -> Json:
    """Return the value of a tool call's arguments, for dialects that send values, not text.

    Arguments which are not strict JSON go out as a JSON string: such a dialect cannot say them otherwise.
    """
    try:
        value = json.loads(arguments or "{}")
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return arguments
    return value


def key_in(request: HttpRequest, *headers: str) -> str | None:
    """Return the key in the first of `headers` that is there; of "authorization" only a bearer's."""
    for name in headers:
        value = request.header(name)
        if value and name != "authorization":
            return value
        scheme, _, token = (value or "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
    return None


def pretty(value: Json) -> str:
    """Return JSON text on indented lines."""
    return json.dumps(value, indent=2, ensure_ascii=False)
