"""The table of dialects. The Responses format of OpenAI would be one more row."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from llminv.simulation.dialects.anthropic_messages import AnthropicMessages
from llminv.simulation.dialects.deepseek import DeepSeek
from llminv.simulation.dialects.gemini import Gemini
from llminv.simulation.dialects.openai_chat import OpenAIChat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llminv.simulation.dialects.interface import Dialect

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (OpenAIChat(), AnthropicMessages(), DeepSeek(), Gemini())}
)
