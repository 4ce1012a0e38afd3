"""A streaming router, but only the opening of a stream is guarded.

Public bug: A7, a rate limit at the first step of a stream does not fall back
(https://github.com/BerriAI/litellm/issues/22296).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/kinds"))

from whole_router import FAILURES, ProviderFailed, WholeRouter


class Handler(WholeRouter):
    """Lets a rate limit inside a stream go to the caller."""

    def chunks(self, provider, answer):
        """Yield the chunks; what is no event any more is out of the router's hands."""
        try:
            yield from super().chunks(provider, answer)
        except FAILURES as error:
            if "rate" in str(error).lower():
                raise Escaped(str(error)) from error
            raise ProviderFailed(str(error)) from error


class Escaped(Exception):
    """Nobody catches it."""
