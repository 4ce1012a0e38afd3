"""What a handler's exception looked like to its caller, as values that survive JSON."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from llminv.history import ErrorInfo

_OURS = str(Path(__file__).resolve().parent.parent)
_STDLIB = sysconfig.get_paths()["stdlib"]
CHAIN_MAX = 20
# Of the frames in libraries only the innermost ones help; those in the user's own files all do.
LIBRARY_FRAMES_MAX = 2
MESSAGE_CHARACTERS_MAX = 4_000

# Applied to every text of the user's before it is kept: removes keys and addresses.
Clean = Callable[[str], str]


def error_info(error: BaseException, clean: Clean) -> ErrorInfo:
    """Return type, message, bases and frames of `error`."""
    try:
        message = str(error)
    except Exception as broken:
        message = f"<its own __str__ raised {type(broken).__name__}>"
    bases = [cls.__name__ for cls in type(error).__mro__[1:] if cls not in (Exception, BaseException, object)]
    return ErrorInfo(
        type=type(error).__name__,
        message=clean(message)[:MESSAGE_CHARACTERS_MAX],
        module=type(error).__module__,
        bases=tuple(bases),
        frames=tuple(map(clean, _frames(error))),
    )


def chain_of(error: BaseException, clean: Clean) -> tuple[ErrorInfo, ...]:
    """Return the causes, contexts and members of groups behind `error`, nearest first."""
    return tuple(error_info(behind, clean) for behind in _behind(error))


def attempts_of(error: BaseException, clean: Clean) -> tuple[str, ...]:
    """Return what the error's own `attempts` says, each as text; empty where it has none."""
    attempts = getattr(error, "attempts", None)
    if attempts is None or isinstance(attempts, str | bytes | int):
        return () if attempts is None else (clean(str(attempts)),)
    try:
        items = attempts.items() if isinstance(attempts, Mapping) else attempts
        return tuple(clean(_attempt_text(item))[:MESSAGE_CHARACTERS_MAX] for item in items)
    except Exception:  # an `attempts` that cannot be walked says nothing
        return ()


def _attempt_text(item: object) -> str:
    provider = getattr(item, "provider", None)
    return f"{provider}: {item!r}" if isinstance(provider, str) else repr(item)


def _behind(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    waiting = [error]
    while waiting and len(seen) <= CHAIN_MAX:
        current = waiting.pop(0)
        context = None if current.__suppress_context__ else current.__context__
        members = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        for behind in (current.__cause__, context, *members):
            if behind is not None and id(behind) not in seen:
                seen.add(id(behind))
                waiting.append(behind)
                yield behind


def _frames(error: BaseException) -> Iterator[str]:
    shown = [
        (*shown_file(frame.filename), frame.lineno, frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_OURS)
    ]
    library = [index for index, frame in enumerate(shown) if frame[1]]
    keep = set(library[-LIBRARY_FRAMES_MAX:])
    for index, (file, is_library, line, name) in enumerate(shown):
        if not is_library or index in keep:
            yield f"{file}:{line} in {name}"


def shown_file(file: str) -> tuple[str, bool]:
    """Return the file as it reads everywhere, and whether it is a library's."""
    for folder in ("site-packages/", "dist-packages/"):
        if folder in file:
            return file.rpartition(folder)[2], True
    if file.startswith(_STDLIB):
        return file[len(_STDLIB) + 1 :], True
    try:
        return str(Path(file).resolve().relative_to(Path.cwd())), False
    except ValueError:
        return Path(file).name, False
