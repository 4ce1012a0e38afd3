"""One section against one model: each of pydantic's errors as a problem with its place and its words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError

from llminv.declaration.fields import REFUSED, Steps, near, shown
from llminv.errors import Place, Problem

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
    "too_short": "expected at least {min_length}",
    "too_long": "expected at most {max_length}",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected at least {ge:g}",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected at most {le:g}",
}


def validated(model: type[M], section: Section, names: Names, problems: list[Problem]) -> M | None:
    """Return the section as a `model`, or None with its problems added to `problems`.

    `names` are the words that only the declarations know, by what they name (see `fields`).
    """
    before = len(problems)
    for steps in _empty(section.data):
        message = "there is no value; write one or leave the field out"
        problems.append(problem(section, steps, message, section.key_place(*steps)))
    try:
        found = model.model_validate(section.data, context=names)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        problems += [_said(model, section, each) for each in wrong if not _is_noise(each)]
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


def _is_noise(error: ErrorDetails) -> bool:
    """Tell whether the error says nothing new.

    What is wrong with a None is said by `_empty`; and a list is too short to pydantic when its items
    are wrong.
    """
    found, kind = error["input"], error["type"]
    if kind == "too_short":
        enough: bool = len(found) >= error["ctx"]["min_length"]
        return enough
    return found is None and kind != "extra_forbidden"


def problem(section: Section, steps: Steps, message: str, place: Place | None = None) -> Problem:
    """Return the problem with the value at `steps`: its name, the message, its place or the given one."""
    name = section.name(*steps)
    return Problem(place or section.place(*steps), f"{name}: {message}" if name else message)


def _said(model: type[BaseModel], section: Section, error: ErrorDetails) -> Problem:
    steps, kind = error["loc"], error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})  # whatever the validator gave: pydantic's own type
    if kind == "extra_forbidden":
        unknown = f"unknown field {shown(steps[-1])}{near(steps[-1], fields_at(model, steps[:-1]))}"
        return problem(section, steps[:-1], unknown, section.key_place(*steps))
    if kind == "missing":
        return problem(section, steps[:-1], f"the field {str(steps[-1])!r} is missing")
    if kind == REFUSED and steps[-1:] == ("[key]",):
        return problem(section, steps[:-2], error["msg"], section.key_place(*steps))
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
