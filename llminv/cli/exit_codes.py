"""The exit statuses: one table, which `llminv --help` prints and a test walks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Exit(IntEnum):
    """What a command tells the shell."""

    FINE = 0
    VIOLATED = 1
    NO_VERDICT = 2
    INTERRUPTED = 130


EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        Exit.FINE: "no violation and no unknown; replay: PASSES; docs --check: up to date;\n"
        "verify: every bug is as its file says",
        Exit.VIOLATED: "a violation that is not accepted; replay: FAILS; docs --check: stale;\n"
        "verify: a bug came back, is still there at its fix, or does not show",
        Exit.NO_VERDICT: "no verdict: bad input, nothing to audit, an unknown; replay: UNKNOWN;\n"
        "verify: a bug that nobody can play where it was found",
        Exit.INTERRUPTED: "interrupted",
    }
)


def exit_codes_text() -> str:
    """Return the table as lines of a help text."""
    return "\n".join(
        f"  {code:>3}  {meaning.replace(chr(10), chr(10) + ' ' * 7)}" for code, meaning in EXIT_CODES.items()
    )
