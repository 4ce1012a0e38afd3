"""The example handler, but which tools were called is not counted.

Public bug: D27, of calls in a conversation nothing is counted (https://github.com/aden-hive/hive/pull/6769).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from byok.handler import Handler as Example


class Handler(Example):
    """Counts contents only."""

    async def count_tokens(self, said, *, provider, model, tools=()):
        if not isinstance(said, str):
            said = [_without_arguments(message) for message in said]
        return await super().count_tokens(said, provider=provider, model=model, tools=tools)


def _without_arguments(message):
    calls = [
        {**call, "function": {**call["function"], "arguments": "{}"}}
        for call in message.get("tool_calls") or ()
    ]
    return {**message, "tool_calls": calls} if calls else message
