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
        Exit.FINE: "no violation and no unknown; replay: PASSES; docs --check: up to date",
        Exit.VIOLATED: "a violation that is not accepted; replay: FAILS; docs --check: stale",
        Exit.NO_VERDICT: "no verdict: bad input, nothing to audit, an unknown; replay: UNKNOWN",
        Exit.INTERRUPTED: "interrupted",
    }
)


def exit_codes_text() -> str:
    """Return the table as lines of a help text."""
    return "\n".join(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())
