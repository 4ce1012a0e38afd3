"""From a handler spec to something that can be called.

A spec is `package.module`, `package.module:attribute`, `path/to/file.py:attribute`, the name of a ready
adapter, which comes before a module of that name, or `gateway:http://...`. A file that lies in a package is
imported as that package's module, and a module is also found below `src` of the current folder. A class is
always called first; any other object that has an operation is the handler; otherwise it is called, with the
World if it takes an argument, and the result is the handler.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from llminv.contract import OPERATIONS, World
from llminv.errors import HandlerError
from llminv.handler.adapters import ADAPTERS, ANY_GATEWAY, GATEWAY, adapter_of, address_of
from llminv.handler.adapters.installed import ensure_installed
from llminv.handler.places import above_package, module_in_package, own_place, source_folder

# A handler is any object of the user's, hence Any wherever one is held.

_IMPORT_HINT = "make it importable without side effects; keys and base URLs are in the environment"
_PACKAGE_HINT = "put an __init__.py beside the file, or write package.module:attribute"


@dataclass(frozen=True)
class Target:
    """What a spec names: a handler as it is (`factory` is None), or what makes one for each scenario."""

    spec: str
    value: Any
    is_factory: bool

    @property
    def wants_loop(self) -> bool:
        """Whether the factory is to be called inside the event loop: its handlers are asynchronous."""
        return inspect.iscoroutinefunction(self.value) or any(
            is_async(getattr(self.value, name, None)) or name in ("acomplete", "astream")
            for name in OPERATIONS
            if hasattr(self.value, name)
        )

    def make(self, world: World) -> Any:
        """Return the handler, or an awaitable of it where the factory is a coroutine function."""
        if not self.is_factory:
            return self.value
        return self.value(world) if _takes_world(self.value) else self.value()


def load_target(spec: str) -> Target:
    """Import what `spec` names; raise HandlerError with what to do where that is not possible."""
    adapter, address = adapter_of(spec), address_of(spec)
    if adapter is not None:
        ensure_installed(adapter.name, adapter.needs)
        spec = adapter.spec
    place, colon, attribute = spec.rpartition(":") if ":" in spec else (spec, "", "")
    module = _import_file(spec, Path(place)) if place.endswith(".py") else _import_module(spec, place)
    value: Any = module
    for name in attribute.split(".") if colon else ():
        if not hasattr(value, name):
            close = difflib.get_close_matches(name, [known for known in dir(value) if known[0] != "_"], n=1)
            hint = f"did you mean {place}:{close[0]}?" if close else f"name something that stands in {place}"
            raise HandlerError(f"{place} has no attribute {name!r}", hint)
        value = getattr(value, name)
    if isinstance(value, type):
        factory = value if address is None else partial(value, address)
        return Target(spec, factory, is_factory=True)
    if offered(value):
        return Target(spec, value, is_factory=False)
    if callable(value):
        return Target(spec, value, is_factory=True)
    raise HandlerError(f"{spec} offers no operation", _offer_hint(place, value))


def offered(handler: Any) -> tuple[str, ...]:
    """Return the operations that `handler` offers, in the order of the contract.

    An `async def complete` counts as acomplete, an asynchronous `stream` as astream.
    """
    found = {operation_name(name, handler) for name in OPERATIONS if callable(getattr(handler, name, None))}
    return tuple(name for name in OPERATIONS if name in found)


def operation_name(attribute: str, handler: Any) -> str:
    """Return which operation the method `attribute` of `handler` is."""
    if attribute in ("complete", "stream") and is_async(getattr(handler, attribute)):
        return f"a{attribute}"
    return attribute


def method_of(handler: Any, operation: str) -> Callable[..., Any]:
    """Return the method of `handler` that is `operation`, which it must offer."""
    for attribute in OPERATIONS:
        if callable(getattr(handler, attribute, None)) and operation_name(attribute, handler) == operation:
            method: Callable[..., Any] = getattr(handler, attribute)
            return method
    raise HandlerError(f"the handler does not offer {operation}")


def is_async(method: object) -> bool:
    """Return whether calling `method` makes a coroutine or an asynchronous generator."""
    return inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)


def _takes_world(factory: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:  # some built-in callables do not tell
        return False
    return any(
        parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and (parameter.default is parameter.empty or parameter.name == "world")
        for parameter in parameters
    )


def _offer_hint(place: str, value: object) -> str:
    classes = (
        [
            name
            for name, item in vars(value).items()
            if isinstance(item, type)
            and offered(item)
            and item.__module__ == getattr(value, "__name__", None)
        ]
        if isinstance(value, ModuleType)
        else []
    )
    if classes:
        return f"did you mean {place}:{classes[0]}?"
    return "a handler has at least one of: " + ", ".join(OPERATIONS)


def _import_file(spec: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise HandlerError(f"handler {spec!r}: there is no file {path}", "write path/to/file.py:attribute")
    path = path.resolve()
    if module_name := module_in_package(path):
        sys.path.insert(0, str(above_package(path)))
        sys.path.append(str(path.parent))  # for a handler that names its neighbours as a script does
        return _imported(spec, module_name)
    # A unique name: files called handler.py are many, and so are installed packages called "handler".
    name = f"llminv_handler_{path.parent.name}_{path.stem}".replace("-", "_").replace(".", "_")
    file_spec = importlib.util.spec_from_file_location(name, path)
    if file_spec is None or file_spec.loader is None:
        raise HandlerError(f"handler {spec!r}: {path.name} is not a Python file")
    module = importlib.util.module_from_spec(file_spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    _execute(spec, lambda: file_spec.loader.exec_module(module) if file_spec.loader else None)
    return module


def _import_module(spec: str, name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise HandlerError(
            f"{spec!r} is not a handler spec",
            f"write package.module, package.module:attribute, path/to/file.py:attribute or {ANY_GATEWAY}",
        )
    source = source_folder(name, Path.cwd())
    if source is not None:
        sys.path.insert(0, str(source))
    return _imported(spec, name)


def _imported(spec: str, name: str) -> ModuleType:
    imported: list[ModuleType] = []
    _execute(spec, lambda: imported.append(importlib.import_module(name)))
    return imported[0]


def _execute(spec: str, action: Callable[[], object]) -> None:
    """Run the user's module code; whatever it raises becomes a HandlerError with its traceback."""
    try:
        action()
    except ModuleNotFoundError as error:
        raise HandlerError(
            f"handler {spec!r}: no module named {error.name!r}",
            _adapter_hint(spec) or _missing_hint(error.name or ""),
            own_traceback(error),
        ) from None
    except BaseException as error:
        raise HandlerError(
            f"handler {spec!r} raised while it was loaded: {type(error).__name__}: {error}",
            _PACKAGE_HINT if "relative import" in str(error) else _IMPORT_HINT,
            own_traceback(error),
        ) from None


def _adapter_hint(spec: str) -> str:
    """Say which ready adapter may have been meant by a word that is no module."""
    names = {**{name: name for name in ADAPTERS}, GATEWAY.name: ANY_GATEWAY}
    close = difflib.get_close_matches(spec, names, n=1)
    return f"did you mean the adapter {names[close[0]]}?" if close else ""


def _missing_hint(name: str) -> str:
    """Say what to do when a module is missing: most often llminv runs in another environment."""
    place = own_place(name, Path.cwd())
    if place is not None:
        shown = place.relative_to(Path.cwd())
        if str(place.parent) in sys.path:
            return f"look for the right name in {shown}, which is the project's own"
        return f"{shown} is the project's own: name the handler by its file, or set PYTHONPATH={shown.parent}"
    return (
        f"llminv runs in {sys.prefix}: install the handler's libraries there (pip install {name}), "
        "or install llminv into the handler's own environment"
    )


def own_traceback(error: BaseException) -> str:
    """Return the traceback of `error` without the frames of llminv and of the import system."""
    tail = error.__traceback__
    while tail is not None and _is_ours(tail.tb_frame.f_code.co_filename):
        tail = tail.tb_next
    return "".join(traceback.format_exception(type(error), error, tail))


def _is_ours(file: str) -> bool:
    return file.startswith(("<frozen importlib", str(Path(__file__).parent.parent))) or "/importlib/" in file
