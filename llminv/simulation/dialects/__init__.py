"""The table of dialects. The Responses format of OpenAI would be one more row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.simulation.dialects.anthropic_messages import AnthropicMessages
from llminv.simulation.dialects.deepseek import DeepSeek
from llminv.simulation.dialects.gemini import Gemini
from llminv.simulation.dialects.interface import Dialect
from llminv.simulation.dialects.openai_chat import OpenAIChat

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (OpenAIChat(), AnthropicMessages(), DeepSeek(), Gemini())}
)
