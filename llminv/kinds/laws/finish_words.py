"""Finish reasons: which words say the same, and what a provider's answer says.

The neutral words are those of OpenAI's Chat Completions (stop, length, tool_calls, content_filter), which the
formats that imitate it share. A handler may report the neutral word or any provider's own word for it: what
the dialects read as one neutral word is equal to it. Beside them are the words of three more vocabularies
that callers know. Case, "-" for "_" and the name of an enumeration before a dot (`FinishReason.STOP`) say
nothing. A word that stands nowhere here has no meaning to llminv, and is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from llminv.scenario import Said
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Dialect

Reason = Literal["stop", "length", "tool_calls", "content_filter"]
NEUTRAL: tuple[Reason, ...] = get_args(Reason)

# OpenAI's Responses (status, incomplete_details.reason): https://platform.openai.com/docs/api-reference/responses.
# Amazon Bedrock's Converse (stopReason):
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
# OpenTelemetry's gen_ai.response.finish_reasons, which pydantic-ai has too: tool_call.
_OTHERS = {
    "completed": "stop",
    "max_output_tokens": "length",
    "tool_call": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}


def _plain(word: str) -> str:
    return word.strip().rpartition(".")[2].casefold().replace("-", "_")


# Every word that is known, in its plain form, and the neutral word for it.
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        _plain(word): neutral
        for words in (_OTHERS, *(dialect.finish_means for dialect in DIALECTS.values()))
        for word, neutral in words.items()
    }
)


def words_of(dialect: Dialect, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a provider may be made to say for `reasons`: the neutral words, then its own others.

    Of words for calls of tools the neutral one is enough: only with a call does one make sense.
    """
    played = [reason for reason in reasons if reason != "tool_calls"]
    usual = {dialect.finish(reason) for reason in reasons}
    own = (word for word, neutral in dialect.finish_means.items() if neutral in played and word not in usual)
    return (*reasons, *own)


def meant(dialect: Dialect, said: Said) -> frozenset[str]:
    """Return what the finish reason of an answer means, in neutral words: two where either is right.

    An answer that calls tools may say that it stopped: Gemini has no other word, and OpenAI says so where the
    caller chose the tool (https://platform.openai.com/docs/guides/function-calling). Empty where the word
    has no meaning here.
    """
    word = dialect.finish(said.finish_reason or ("tool_calls" if said.tool_calls else "stop"))
    meaning = dialect.finish_means.get(word)
    if meaning == "stop" and said.tool_calls:
        return frozenset({"stop", "tool_calls"})
    return frozenset() if meaning is None else frozenset({meaning})


def reported(word: str) -> str | None:
    """Return the neutral word for what a handler reports, None for a word that has no meaning here."""
    return MEANINGS.get(_plain(word))
