"""One section against one model: each of pydantic's errors as a problem with its place and its words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError

from llminv.declaration.fields import REFUSED, Steps, near, shown
from llminv.errors import Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from llminv.declaration.places import Section, Value

M = TypeVar("M", bound=BaseModel)
Names = Mapping[str, Collection[str] | None]

# How a message says what pydantic wanted; a type that is not here keeps pydantic's own words.
WANTED = {
    "string_type": "expected text",
    "tuple_type": "expected a list",
    "model_type": "expected a mapping",
    "model_attributes_type": "expected a mapping",
    "dict_type": "expected a mapping",
    "too_short": "expected {min_length} or more",
    "too_long": "expected {max_length} or fewer",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected {ge} or more",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected {le} or less",
}


def validated(model: type[M], section: Section, names: Names, problems: list[Problem]) -> M | None:
    """Return the section as a `model`, or None with its problems added to `problems`.

    `names` are the words that only the declarations know, by what they name (see `fields`).
    """
    before = len(problems)
    for steps in _empty(section.data):
        message = "there is no value; write one or leave the field out"
        problems.append(problem(section, steps, message)._replace(place=section.key_place(*steps)))
    try:
        found = model.model_validate(section.data, context=names)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        problems += [_said(model, section, each) for each in wrong if not _is_empty(each)]
        return None
    return found if len(problems) == before else None


def _empty(value: Value, steps: Steps = ()) -> Iterator[Steps]:
    """Yield the path of every None: no field of a declaration takes it, so somebody forgot the value."""
    if value is None:
        yield steps
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _empty(item, (*steps, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _empty(item, (*steps, index))


def _is_empty(error: ErrorDetails) -> bool:
    """Tell whether the error is about a None, which `_empty` has said already."""
    return error["input"] is None and error["type"] != "extra_forbidden"


def problem(section: Section, steps: Steps, message: str) -> Problem:
    """Return the problem with the value at `steps`: its place, its name and the message."""
    name = section.name(*steps)
    return Problem(section.place(*steps), f"{name}: {message}" if name else message)


def _said(model: type[BaseModel], section: Section, error: ErrorDetails) -> Problem:
    steps, kind = error["loc"], error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})  # whatever the validator gave: pydantic's own type
    if kind == "extra_forbidden":
        unknown = f"unknown field {shown(steps[-1])}{near(steps[-1], fields_at(model, steps[:-1]))}"
        return problem(section, steps[:-1], unknown)._replace(place=section.key_place(*steps))
    if kind == "missing":
        return problem(section, steps[:-1], f"the field {str(steps[-1])!r} is missing")
    if kind == REFUSED and steps[-1:] == ("[key]",):
        return problem(section, steps[:-2], error["msg"])._replace(place=section.key_place(*steps))
    if kind == REFUSED:
        return problem(section, steps, error["msg"])
    if kind == "value_error":
        return problem(section, steps, str(context["error"]))
    wanted = (
        WANTED[kind].format_map(context) if kind in WANTED else error["msg"][0].lower() + error["msg"][1:]
    )
    return problem(section, steps, f"{wanted}, found {shown(error['input'])}")


def fields_at(model: type[BaseModel], steps: Steps) -> tuple[str, ...]:
    """Return the fields, by their names in YAML, of the model that stands at `steps` inside `model`."""
    model = _model_in(model) or model
    for step in steps:
        for name, field in model.model_fields.items():
            if step == (field.alias or name):
                model = _model_in(field.annotation) or model
                break
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first model in an annotation, which is any type expression: `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        annotation = annotation.model_fields["root"].annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
