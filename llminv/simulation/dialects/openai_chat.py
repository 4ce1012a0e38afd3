"""OpenAI, Chat Completions: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

from types import MappingProxyType

from llminv.contract import Usage
from llminv.simulation.dialects.chat_completions import ChatCompletions
from llminv.simulation.dialects.interface import Answer
from llminv.simulation.dialects.openai_chat_errors import ROWS
from llminv.simulation.dialects.stream import Event, Form
from llminv.simulation.dialects.values import Json


class OpenAIChat(ChatCompletions):
    """Reasoning is counted, never shown; usage comes in a chunk of its own, when asked for."""

    name = "openai-chat"
    hosts = ("api.openai.com",)
    base_url_variables = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
    key_variables = ("OPENAI_API_KEY",)
    headers = (
        ("x-request-id", "req_0123456789abcdef0123456789abcdef"),
        ("openai-organization", "org-sim"),
        ("openai-processing-ms", "42"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "5000"),
        ("x-ratelimit-limit-tokens", "800000"),
        ("x-ratelimit-remaining-requests", "4999"),
        ("x-ratelimit-remaining-tokens", "799000"),
        ("x-ratelimit-reset-requests", "12ms"),
        ("x-ratelimit-reset-tokens", "75ms"),
    )
    id = "chatcmpl-sim1"
    fixed = MappingProxyType({"service_tier": "default", "system_fingerprint": "fp_sim"})
    # OpenAI's own streams have none; gateways that speak its format send comments:
    # https://openrouter.ai/docs/api-reference/streaming#additional-information.
    ping = Event("keep-alive", form=Form.COMMENT)
    usage_chunk = True
    shows_reasoning = False
    opens_with_call = True
    errors = ROWS

    def message(self, answer: Answer) -> Json:
        """Return the message; one of tool calls alone has no content."""
        return {"role": "assistant", "content": _content(answer), "refusal": None, "annotations": []}

    def opening(self, answer: Answer) -> Json:
        """Return the delta with the role."""
        content = None if _content(answer) is None else ""
        return {"role": "assistant", "content": content, "refusal": None}

    def usage(self, usage: Usage) -> Json:
        """Return the usage; what is cached is part of the prompt, reasoning part of the completion."""
        prompt, completion = usage.input_tokens or 0, usage.output_tokens or 0
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens or 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning_tokens or 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


def _content(answer: Answer) -> str | None:
    return answer.text if answer.text or not answer.tool_calls else None
