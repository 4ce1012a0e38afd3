"""The example handler, but Anthropic stands before OpenAI in its chain.

Public bug class: R-ORDER, targets not tried in the declared order; the nearest thread is A31
(https://github.com/maximhq/bifrost/issues/4243).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Tries the second provider of the declared chain first."""

    chain = ("anthropic", "openai", "deepseek", "gemini")
