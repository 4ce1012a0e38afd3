"""A streaming router, but the first event of a stream, whatever it says, commits it.

Public bug: A29, no fallback where the error follows the first event
(https://github.com/maximhq/bifrost/issues/5395).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/kinds"))

from whole_router import FAILURES, ProviderFailed, WholeRouter


class Committed(Exception):
    """Nobody catches it."""


class Handler(WholeRouter):
    """Is committed to a provider before it has said anything."""

    def chunks(self, provider, answer):
        """Yield the chunks; after the first there is no way back."""
        begun = False
        try:
            for chunk in super().chunks(provider, answer):
                begun = True
                yield chunk
        except FAILURES as error:
            raise (Committed if begun else ProviderFailed)(str(error)) from error
