"""What the formats and models of providers cannot say, and where their requests go: facts, as tables.

What a model does not take may be left out of its request; it may never be wrong. A model that is in no row
here takes everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.values import Json, mapping

JSON_MODE = "response_format"

# Which models take a parameter, where not all of a format do; "" fits none.
# OpenAI: models that reason refuse both (https://platform.openai.com/docs/guides/reasoning).
# Anthropic: since Claude Opus 4.7 temperature is refused
# (https://platform.claude.com/docs/en/about-claude/model-deprecations#api-parameter-deprecations), and which
# later models refuse it is for their release notes to say; there is no JSON mode without a schema
# (https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs).
# DeepSeek: the reasoner ignores temperature (https://api-docs.deepseek.com/guides/reasoning_model).
_NONE = r"(?!)"
_ANSWERS_AT_ONCE = r"(ft:)?(gpt-3\.5|gpt-4|chatgpt-4o)"
_BEFORE_OPUS_4_7 = r"claude-(2|3|instant|(opus|sonnet|haiku)-4(-[0-6])?(-\d{8})?$)"
TAKEN_BY: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("openai-chat", "temperature"): _ANSWERS_AT_ONCE,
        ("openai-chat", "stop"): _ANSWERS_AT_ONCE,
        (
            "anthropic-messages",
            "temperature",
        ): _BEFORE_OPUS_4_7,
        ("anthropic-messages", JSON_MODE): _NONE,
        ("deepseek", "temperature"): r"deepseek-(chat|coder)",
    }
)

# What may stand in the path before a route. Right at the declared base URL is right too: clients differ in
# what they add to one that they are given, and the declaration says where the provider is.
_VERSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "openai-chat": ("/v1",),
        "anthropic-messages": ("/v1",),
        "deepseek": ("", "/v1", "/beta"),
        "gemini": ("/v1beta", "/v1", "/v1alpha"),
    }
)

# Fields of one format that another one does not have, and refuses or ignores.
_OPENAI_FIELDS = frozenset({"messages", "max_completion_tokens", "stop", "stream_options", JSON_MODE})
_ANTHROPIC_FIELDS = frozenset({"system", "stop_sequences", "anthropic_version"})
_GEMINI_FIELDS = frozenset(
    {"contents", "generationConfig", "systemInstruction", "safetySettings", "toolConfig", "cachedContent"}
)
FOREIGN_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "openai-chat": _ANTHROPIC_FIELDS | _GEMINI_FIELDS,
        "deepseek": _ANTHROPIC_FIELDS | _GEMINI_FIELDS,
        "anthropic-messages": (_OPENAI_FIELDS | _GEMINI_FIELDS) - {"messages"},
        "gemini": _OPENAI_FIELDS | _ANTHROPIC_FIELDS | {"max_tokens", "temperature", "stream", "tool_choice"},
    }
)

# Headers that only one format has.
HEADERS_OF: Mapping[str, str] = MappingProxyType(
    {
        "anthropic-version": "anthropic-messages",
        "anthropic-beta": "anthropic-messages",
        "openai-organization": "openai-chat",
        "openai-project": "openai-chat",
        "x-goog-api-key": "gemini",
    }
)


def says(dialect: str, model: str, name: str) -> bool:
    """Return whether `model` takes the parameter called `name`."""
    return re.match(TAKEN_BY.get((dialect, name), ""), model) is not None


def takes(dialect: str, model: str, name: str, value: Json) -> bool:
    """Return whether a request to `model` has to say that the parameter has this value."""
    if value is None or (name == JSON_MODE and mapping(value).get("type") == "text"):
        return False  # that is what goes without saying
    return says(dialect, model, name)


def paths(dialect: str, base_url: str) -> frozenset[str]:
    """Return the paths to which requests may go that complete, "{model}" in place of the model's name."""
    versions = _VERSIONS[dialect]
    base = urlsplit(base_url).path.rstrip("/")
    versioned = any(version and base.endswith(version) for version in versions)
    starts = {base, *versions, *(() if versioned else (base + version for version in versions))}
    return frozenset(start + end for start in starts for end in routes(dialect))


def routes(dialect: str) -> tuple[str, ...]:
    """Return the ends of the paths on which the format completes, the model's name in them, if it is."""
    ends = [end for end, operation in DIALECTS[dialect].routes.items() if operation != "count_tokens"]
    return tuple(f"/models/{{model}}{end}" if end.startswith(":") else end for end in ends)
