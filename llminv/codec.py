"""Frozen dataclasses to JSON-able values and back, with the standard library alone.

`to_json` leaves out every field that has its default, so that a minimal scenario is short to read.
`from_json` is strict: an unknown key, a missing field or a value of the wrong type is a `ValueError`
that names the path. Where a field is a union of dataclasses, each has a class variable `tag`, written
as the key "event". `from_json(type(x), to_json(x)) == x` for every value of ours; a test draws them.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

# JSON values are Any throughout this module: they are what is being checked.
# The keys of values that JSON has no form for; a mapping that looks like one is wrapped in the last.
_SPECIAL = {"decimal", "float", "mapping"}

Reader = Callable[[Any, str], Any]


def to_json(value: Any) -> Any:
    """Return `value` as dicts, lists, text, numbers, booleans and None."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, Mapping):
        plain = {str(key): to_json(item) for key, item in value.items()}
        return {"mapping": plain} if len(plain) == 1 and plain.keys() <= _SPECIAL else plain
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {}
        tag = getattr(value, "tag", None)
        if tag is not None:
            out["event"] = tag
        cls: Any = type(value)
        for name, default in _defaults(cls):
            item = getattr(value, name)
            if item is not default and item != default:
                out[name] = to_json(item)
        return out
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(cls: type[Any], data: Any, path: str = "") -> Any:
    """Build a `cls` from what `to_json` made; raise ValueError with the path of what does not fit."""
    hint: Any = cls
    return _reader(hint)(data, path or cls.__name__)


@cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    pairs = []
    for field in dataclasses.fields(cls):
        default: Any = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        pairs.append((field.name, default))
    return tuple(pairs)


def _fail(path: str, found: Any, wanted: str) -> ValueError:
    return ValueError(f"{path}: found {found!r}, expected {wanted}")


def _plain(data: Any, path: str) -> Any:
    if isinstance(data, dict):
        if data.keys() == {"decimal"}:
            return Decimal(data["decimal"])
        if data.keys() == {"float"}:
            return float(data["float"])
        if data.keys() == {"mapping"}:
            data = data["mapping"]
        return {key: _plain(item, f"{path}.{key}") for key, item in data.items()}
    if isinstance(data, list):
        return [_plain(item, f"{path}[{i}]") for i, item in enumerate(data)]
    return data


def _scalar(*accepted: type) -> Reader:
    def read(data: Any, path: str) -> Any:
        if isinstance(data, bool) and bool not in accepted:
            raise _fail(path, data, accepted[0].__name__)
        if not isinstance(data, accepted):
            raise _fail(path, data, accepted[0].__name__)
        return data

    return read


def _number(data: Any, path: str) -> float:
    value = _plain(data, path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _fail(path, data, "a number")
    return float(value)


def _tuple(item: Reader) -> Reader:
    def read(data: Any, path: str) -> Any:
        if not isinstance(data, list | tuple):
            raise _fail(path, data, "a list")
        return tuple(item(element, f"{path}[{i}]") for i, element in enumerate(data))

    return read


def _optional(inner: Reader) -> Reader:
    return lambda data, path: None if data is None else inner(data, path)


def _mapping(data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise _fail(path, data, "a mapping")
    return _plain(data, path)


def _tagged(members: Sequence[Any]) -> Reader:
    readers = {member.tag: _reader(member) for member in members}

    def read(data: Any, path: str) -> Any:
        tag = data.get("event") if isinstance(data, dict) else None
        if tag not in readers:
            raise _fail(path, tag, "one of " + ", ".join(readers))
        return readers[tag](data, path)

    return read


def _dataclass(cls: type[Any]) -> Reader:
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)
    readers = {field.name: _reader(hints[field.name]) for field in fields}
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]

    tag = getattr(cls, "tag", None)

    def read(data: Any, path: str) -> Any:
        if not isinstance(data, dict):
            raise _fail(path, data, "a mapping")
        values = {}
        for key, item in data.items():
            if key == "event" and tag is not None and item == tag:
                continue
            reader = readers.get(key)
            if reader is None:
                raise _fail(path, key, "a field of " + ", ".join(readers))
            values[key] = reader(item, f"{path}.{key}")
        for name in required:
            if name not in values:
                raise ValueError(f"{path}: field {name!r} is missing")
        return cls(**values)

    return read


@cache
def _reader(hint: Any) -> Reader:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return _plain
    if hint is float:
        return _number
    if hint in (str, int, bool):
        return _scalar(hint)
    if origin is typing.Literal:
        return _scalar(str)
    if origin in (typing.Union, types.UnionType):
        rest = [arg for arg in args if arg is not type(None)]
        if all(dataclasses.is_dataclass(arg) for arg in rest) and len(rest) > 1:
            return _tagged(rest)
        inner = _reader(rest[0]) if len(rest) == 1 else _plain
        return _optional(inner) if len(rest) < len(args) else inner
    if origin in (tuple, Sequence) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return _tuple(_reader(args[0]))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint)
    raise TypeError(f"no reader for {hint!r}")
