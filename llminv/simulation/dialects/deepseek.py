"""DeepSeek: Chat Completions with fields of its own, https://api-docs.deepseek.com/api/create-chat-completion."""

from __future__ import annotations

from types import MappingProxyType

from llminv.contract import Usage
from llminv.simulation.dialects.chat_completions import ChatCompletions
from llminv.simulation.dialects.deepseek_errors import ROWS
from llminv.simulation.dialects.interface import Answer
from llminv.simulation.dialects.stream import Event, Form
from llminv.simulation.dialects.values import Json


class DeepSeek(ChatCompletions):
    """Reasoning is shown as reasoning_content; the last chunk with a choice always carries the usage.

    Comments keep a waiting stream alive: https://api-docs.deepseek.com/quick_start/rate_limit.
    """

    name = "deepseek"
    hosts = ("api.deepseek.com",)
    base_url_variables = ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE")
    key_variables = ("DEEPSEEK_API_KEY",)
    headers = (("x-ds-trace-id", "0123456789abcdef0123456789abcdef"),)
    ping = Event("keep-alive", form=Form.COMMENT)
    id = "d0a1-sim"
    fixed = MappingProxyType({"system_fingerprint": "fp_sim_prod0820"})
    usage_chunk = False
    shows_reasoning = True
    opens_with_call = False
    errors = ROWS

    def message(self, answer: Answer) -> Json:
        """Return the message, with the reasoning where there is some."""
        reasoning = {"reasoning_content": answer.reasoning} if answer.reasoning else {}
        return {"role": "assistant", "content": answer.text} | reasoning

    def opening(self, answer: Answer) -> Json:
        """Return the delta with the role."""
        if answer.reasoning:
            return {"role": "assistant", "content": None, "reasoning_content": ""}
        return {"role": "assistant", "content": ""}

    def closing(self, answer: Answer) -> Json:
        """Return the delta of the chunk that carries the finish reason."""
        return {"content": ""} | ({"reasoning_content": None} if answer.reasoning else {})

    def usage(self, usage: Usage) -> Json:
        """Return the usage; the prompt is what hit the cache and what missed it."""
        prompt, completion = usage.input_tokens or 0, usage.output_tokens or 0
        cached = usage.cached_input_tokens or 0
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
            "prompt_cache_hit_tokens": cached,
            "prompt_cache_miss_tokens": prompt - cached,
        }
