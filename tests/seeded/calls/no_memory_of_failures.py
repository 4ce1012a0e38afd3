"""The example handler, which has no cooldown, where one is declared: each call replays the dead chain.

Public bug class: B29 (https://github.com/damianvtran/local-operator/pull/198).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Remembers nothing."""
