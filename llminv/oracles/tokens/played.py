"""The oracle `played`: what the provider's counting endpoint answered while the handler counted.

The simulation answers there; so this proves that a handler uses the answer, not that a tokenizer is right.
How it is used is the handler's: a long text may be counted in parts, the frame of a message may be taken off.
"""

from __future__ import annotations

import re
from itertools import combinations

from llminv.history import History, RequestReceived, ResponseSent
from llminv.oracles.tokens.interface import Certainty, Count, Evidence, NoCount, Oracle, Question

# https://docs.anthropic.com/en/api/messages-count-tokens and https://ai.google.dev/api/tokens
_COUNTED = re.compile(r'"(?:input_tokens|totalTokens)"\s*:\s*(\d+)')


def answered(history: History, call: int, provider: str) -> tuple[int, ...]:
    """Return the counts that endpoints of `provider` answered to `call`, in order."""
    texts = [
        event.text
        for event in history.of(ResponseSent)
        if (event.call, event.provider) == (call, provider) and event.attempt < 0
    ]
    return tuple(int(count) for count in _COUNTED.findall("".join(texts)))


def unanswered(history: History, call: int) -> bool:
    """Return whether `call` asked for something that the simulation does not play."""
    return any(
        event.call == call and event.fault is not None and event.attempt < 0
        for event in history.of(RequestReceived)
    )


def _count(question: Question, evidence: Evidence) -> Count | NoCount:
    answers = evidence.answered
    if not answers:
        return NoCount(f"no counting endpoint of {question.provider} was asked")
    differences = [abs(one - other) for one, other in combinations(answers, 2)]
    also = dict.fromkeys((*answers, *differences))
    return Count(sum(answers), Certainty.PLAYED, f"the counting endpoint of {question.provider}", tuple(also))


ORACLE = Oracle("played", "what the provider's counting endpoint answered the handler", _count)
