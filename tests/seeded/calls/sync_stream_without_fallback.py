"""The example handler, but its synchronous stream never falls back.

Public bug class: A7 (https://github.com/BerriAI/litellm/issues/22296).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from every_way import Handler as EveryWay

from llminv.contract import Chunk, Request


class FirstOnly(EveryWay):
    """Tries one provider."""

    chain = EveryWay.chain[:1]


class Handler(EveryWay):
    """Wraps three of its four ways."""

    def stream(self, request: Request) -> Iterator[Chunk]:
        """Yield the reply of the first provider, or nobody's."""
        yield from EveryWay.stream(FirstOnly(), request)
