"""A streaming router, but Anthropic's "Overloaded" inside a stream goes to the caller.

Public bug: A14, a stream that says overloaded does not fall back
(https://github.com/BerriAI/litellm/issues/6957).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/kinds"))

from whole_router import WholeRouter


class Overloaded(Exception):
    """Nobody catches it."""


class Handler(WholeRouter):
    """Falls back from what is no event, not from an error that is one."""

    def chunks(self, provider, answer):
        """Yield the chunks; raise an error event of Anthropic as it is."""
        try:
            yield from super().chunks(provider, answer)
        except ValueError as error:
            if provider.name == "anthropic" and str(error) == "overloaded_error":
                raise Overloaded(str(error)) from error
            raise
