"""custom: a law of one's own. The scenarios stand in the YAML, or are drawn; a function of one's own judges.

The checker is a function `check(promise, scenario, history)` that returns a list of `llminv.verdict.Finding`,
empty where the law is kept; their codes are those that the invariant declares. It is a pure function of its
three arguments: it runs where the report is made, never in the process of the handler, and one that
raises, or returns anything else, has judged nothing.

Without scenarios, those of routing are played: each fault at the first provider, the first two, and so on,
and drawn mixtures. Whether a checker can see anything, `llminv prove` tells: it has to notice a saboteur.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from llminv.contract import OPERATIONS
from llminv.declaration.fields import Count, Line, refusal, shown
from llminv.history import History
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.routing import RoutingInvariant
from llminv.kinds.laws.written import scenario_of
from llminv.scenario import Scenario
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

Checker = Callable[["Promise", Scenario, History], list[Finding]]


@cache
def _checker(spec: str) -> Checker:
    """Return the function that `module:function` or `path/to/file.py:function` names."""
    place, _, name = spec.rpartition(":")
    if not place or not name:
        raise refusal(f"{shown(spec)} is not a checker: write module:function or path/to/file.py:function")
    try:
        module = _module(place)
    except ModuleNotFoundError as error:
        raise refusal(f"{shown(spec)}: there is no module {error.name!r} here") from None
    except FileNotFoundError:
        raise refusal(f"{shown(spec)}: there is no file {place}") from None
    except Exception as error:
        raise refusal(f"{shown(spec)} raised while it was loaded: {type(error).__name__}: {error}") from None
    found: Checker | None = getattr(module, name, None)
    if not callable(found):
        raise refusal(f"{shown(spec)}: {place} has no function {name!r}")
    return found


def _module(place: str) -> object:
    """Import a module with the current folder on the path, or a file by itself."""
    if not place.endswith(".py"):
        folder = str(Path.cwd())
        if folder not in sys.path:
            sys.path.insert(0, folder)
        return importlib.import_module(place)
    path = Path(place).resolve()
    found = importlib.util.spec_from_file_location(f"llminv_checker_{path.stem}", path)
    if found is None or found.loader is None:
        raise FileNotFoundError(place)
    module = importlib.util.module_from_spec(found)
    sys.modules[module.__name__] = module
    found.loader.exec_module(module)
    return module


def _loadable(spec: str) -> str:
    _checker(spec)
    return spec


def _written(value: Any, info: ValidationInfo) -> Any:
    providers = (info.context or {}).get("provider")
    return scenario_of(value, providers) if isinstance(value, dict) else value


# The JSON form of a scenario, hence Any.
ScenarioField = Annotated[dict[str, Any], BeforeValidator(_written)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class Custom(RoutingInvariant):
    """The YAML fields; `chain`, `failures` and `failures_before_success` are for what is drawn."""

    checker: Annotated[Line, AfterValidator(_loadable)]
    codes: Annotated[dict[str, Line], Field(min_length=1)]
    scenario: Annotated[tuple[ScenarioField, ...], BeforeValidator(_as_list)] = ()
    failures_before_success: Count = 2


def _fields(promise: Promise) -> Custom:
    if not isinstance(promise.invariant, Custom):  # the registry pairs kinds and models
        raise TypeError(promise.invariant.kind)
    return promise.invariant


def _declared(promise: Promise) -> list[Scenario]:
    return [Scenario.from_json(written) for written in _fields(promise).scenario]


def _offered(promise: Promise, operations: Operations) -> list[Scenario]:
    """Return the declared scenarios in which the handler offers every operation."""
    return [
        scenario
        for scenario in _declared(promise)
        if all(call.operation in operations for call in scenario.calls)
    ]


def _complete(operations: Operations) -> list[str]:
    """Return the operations whose calls are drawn: those that talk to providers."""
    return [name for name in operations if name in (*routing.COMPLETE, *routing.STREAM)]


def _examples(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    yield from _offered(promise, operations)


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    if not _fields(promise).scenario:
        yield from routing.prefixes_down(promise, _complete(operations))


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    if _fields(promise).scenario:
        return st.sampled_from(_offered(promise, operations))
    return routing.scripts(promise, _complete(operations), _fields(promise).failures_before_success)


def _label(number: int) -> str:
    return f"scenario {number + 1} played"


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(_label(number) for number, _ in enumerate(_fields(promise).scenario))


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    del history
    return frozenset(
        _label(number) for number, declared in enumerate(_declared(promise)) if declared == scenario
    )


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    invariant = _fields(promise)
    found = list(_checker(invariant.checker)(promise, scenario, history))
    for finding in found:
        if not isinstance(finding, Finding):
            raise TypeError(f"{invariant.checker} returned a {type(finding).__name__}, not a Finding")
        if finding.code not in invariant.codes:
            raise ValueError(f"{invariant.checker} found {finding.code!r}, which is not among its codes")
    return found


def _describe(promise: Promise) -> str:
    invariant = _fields(promise)
    count = len(invariant.scenario)
    played = (
        f"plays {'the scenario' if count == 1 else f'the {count} scenarios'} of its declaration"
        if count
        else f"plays {', '.join(routing.classes_of(promise))} at the providers of the chain, and mixtures"
    )
    return f"{played}, and lets {invariant.checker} judge"


KIND = Kind(
    name="custom",
    summary="A law of one's own: scenarios from the declaration, judged by a function of one's own.",
    model=Custom,
    operations=tuple(OPERATIONS),
    faults=routing.faults_of,
    codes={},
    examples=_examples,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
