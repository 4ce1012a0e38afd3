"""The oracle `recorded`: what the provider billed for that very prompt.

What it billed for an answer is no count of the answer's text: models that reason bill some ten tokens more
than their text and their reasoning have, on 6 of 16 recorded calls of OpenAI's. A handler that asks the
provider's counting endpoint instead of a tokenizer gets the simulation's answer, so then that is the truth
(see `played`).
"""

from __future__ import annotations

from llminv.declaration.usage import Recorded
from llminv.oracles.tokens import played
from llminv.oracles.tokens.interface import Certainty, Count, Evidence, NoCount, Oracle, Question
from llminv.oracles.tokens.models import bare


def question(line: Recorded) -> Question | None:
    """Return what `line` knows the count of: its prompt, if that was billed."""
    if line.billed_input is None:
        return None
    return Question(line.provider, line.model, messages=line.messages, tools=line.tools)


def _count(question: Question, evidence: Evidence) -> Count | NoCount:
    if evidence.answered:
        return played.ORACLE.count(question, evidence)
    asked = (question.provider, bare(question.model), question.messages, question.tools)
    for line in evidence.recorded if question.text is None else ():
        known = (line.provider, bare(line.model), line.messages, line.tools)
        if line.billed_input is not None and known == asked:
            return Count(line.billed_input, Certainty.RECORDED, f"billed, see {line.source}")
    return NoCount(f"what {question.provider} bills for this is not recorded")


ORACLE = Oracle("recorded", "what the provider billed, from logs; or what its endpoint answered", _count)
