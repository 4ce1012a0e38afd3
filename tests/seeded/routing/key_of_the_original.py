"""The example handler, but where the key for a fallback cannot be selected, the original one stays.

Public bug: A32, an error of the key pool silently reuses the keys of the original provider
(https://github.com/maximhq/bifrost/pull/2599).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example
from byok.openai_chat import DeepSeekChat


class Handler(Example):
    """Selects the key of DeepSeek from a pool that is not there."""

    def __init__(self) -> None:
        super().__init__()
        key = os.environ["OPENAI_API_KEY"]
        key = os.environ.get("DEEPSEEK_KEY_POOL", key)
        self.adapters["deepseek"] = DeepSeekChat("deepseek", "deepseek-chat", key)
