"""The example handler, but an error inside a response with status 200 passes for a broken answer.

Public bug: B28, an overload reported inside a 200 bypasses the retries
(https://github.com/Podden/openwebui_anthropic_api_manifold_pipe/issues/19).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok import transport
from byok.handler import Handler as Example


class Handler(Example):
    """Believes the status."""

    def __init__(self) -> None:
        transport.status_inside = lambda body: None
        super().__init__()
