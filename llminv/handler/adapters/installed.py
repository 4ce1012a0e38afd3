"""Whether what an adapter needs is there where it is to run: its library, in which version, and its data."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec

from llminv.errors import HandlerError

# What tiktoken downloads into its cache when it is first asked for it; no audit does.
_VOCABULARIES = ("o200k_base", "cl100k_base")
_EXTRAS = re.compile(r"\[.*\]")


@dataclass(frozen=True)
class Needed:
    """A package: the module by which it is known to be there, and what is installed to get it."""

    module: str
    requirement: str

    @property
    def is_there(self) -> bool:
        """Whether this environment has it."""
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:  # not even the package around it
            return False


def ensure_installed(name: str, needs: Sequence[Needed]) -> None:
    """Raise HandlerError with the command that installs what the adapter of that name lacks."""
    lacking = [needed.requirement for needed in needs if not needed.is_there]
    if lacking:
        raise HandlerError(
            f"the adapter {name!r} needs {', '.join(lacking)}, not installed for {sys.executable}",
            f"`pip install {' '.join(map(_quoted, lacking))}` there, or name another with --python",
        )


def ensure_vocabularies() -> None:
    """Raise HandlerError with what gets them where tiktoken's vocabularies cannot be had."""
    tiktoken = import_module("tiktoken")
    for name in _VOCABULARIES:
        try:
            tiktoken.get_encoding(name)
        except Exception as error:  # of whichever library it downloads with
            raise HandlerError(
                f"tiktoken has no vocabulary {name} in its cache: {type(error).__name__}",
                f"with a network, `python -c 'import tiktoken; tiktoken.get_encoding(\"{name}\")'` "
                "gets it; TIKTOKEN_CACHE_DIR says where it is kept",
            ) from None


def versions(needs: Sequence[Needed]) -> dict[str, str]:
    """Return the versions of the installed packages by their names."""
    names = [_EXTRAS.sub("", needed.requirement) for needed in needs if needed.is_there]
    return {name: metadata.version(name) for name in names}


def _quoted(requirement: str) -> str:
    return f"'{requirement}'" if "[" in requirement else requirement
